"""The sandbox: a value, an error, a crash, a hang and a memory bomb, and the caller lives on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from negatoscope.platform.errors import InvalidInput, Refused
from negatoscope.platform.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(processes=1)
    yield sandbox
    sandbox.close()


def where() -> int:
    return os.getpid()


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    time.sleep(600)


def bomb() -> int:
    return len(bytearray(8 << 30))


def refuse() -> None:
    raise InvalidInput("no", reason="nonsense")


def test_value_comes_from_another_process(sandbox: Sandbox) -> None:
    first = sandbox.run(where)
    assert first != os.getpid()
    assert sandbox.run(where) == first, "a healthy worker is used again"


def test_our_error_arrives_as_it_is(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="no") as caught:
        sandbox.run(refuse)
    assert caught.value.reason == "nonsense"


@pytest.mark.parametrize(
    ("function", "reason"), [(crash, "sandbox_crashed"), (hang, "sandbox_timeout"), (bomb, "sandbox_failed")]
)
def test_crash_hang_and_bomb_are_contained(sandbox: Sandbox, function: object, reason: str) -> None:
    assert callable(function)
    with pytest.raises(Refused) as caught:
        sandbox.run(function, timeout_s=1.0, memory_bytes=2 << 30)
    assert caught.value.reason == reason
    assert sandbox.run(where) != os.getpid()
