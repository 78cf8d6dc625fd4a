"""A process dies where it is told to and nowhere else; the places named are the places passed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from negatoscope.platform import failpoints
from negatoscope.platform.errors import SettingsError
from tests.paths import ROOT

PASSING = """
from negatoscope.platform.failpoints import reach
for turn in range(3):
    for place in ("after_write", "after_sync"):
        reach(place, first=lambda: print("first", flush=True))
        print(place, flush=True)
"""


def passed(failpoint: str | None) -> tuple[int, list[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    if failpoint is not None:
        environment[failpoints.VARIABLE] = failpoint
    result = subprocess.run([sys.executable, "-c", PASSING], env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout.split()


def test_a_process_dies_at_its_place_the_time_it_is_told() -> None:
    assert passed("after_sync:2") == (-signal.SIGKILL, ["after_write", "after_sync", "after_write", "first"])
    assert passed("after_write") == (-signal.SIGKILL, ["first"])


def test_nobody_dies_unless_told() -> None:
    assert passed(None) == (0, ["after_write", "after_sync"] * 3)
    assert passed("after_rename") == (0, ["after_write", "after_sync"] * 3)


@pytest.mark.parametrize("text", ["nowhere", "after_sync:x", "after_sync:-1"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        failpoints.arm(text)


def test_each_place_named_is_passed_and_each_place_passed_is_named() -> None:
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        found |= set(re.findall(r'\breach\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert found == set(failpoints.FAILPOINTS)
