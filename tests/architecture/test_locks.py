"""What is installed is pinned by hash, and no committed file names where it comes from."""

from __future__ import annotations

import json
import re
import subprocess

from tests.paths import ROOT


def packages_without_hash(lock: str) -> list[str]:
    entries = re.split(r"\n(?=[a-zA-Z0-9])", lock.strip())
    return [entry.split(" ")[0] for entry in entries if "--hash=sha256:" not in entry]


def test_python_locks_are_hashed_and_name_no_address() -> None:
    for name in ("run.txt", "dev.txt"):
        lock = (ROOT / "requirements" / name).read_text()
        assert packages_without_hash(lock) == []
        assert "://" not in lock


def test_front_end_lock_is_hashed_and_names_no_address() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "integrity" not in package and not package.get("inBundle")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_lock_gate_can_fail() -> None:
    assert packages_without_hash("a==1 \\\n    --hash=sha256:00\nb==2\n    # via a") == ["b==2\n"]


def test_no_committed_file_names_a_registry() -> None:
    hosts = "|".join(("registry" + r"\.npmjs", "files" + r"\.pythonhosted", r"pypi" + r"\.org", "deb" + r"\.debian"))
    found = subprocess.run(["git", "grep", "-lE", hosts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout == ""
