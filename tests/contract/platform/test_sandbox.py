"""The sandbox: a value, an error, a crash, a hang and a memory bomb, and the caller lives on."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from negatoscope.platform.errors import InvalidInput, Refused, Unavailable
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


def test_busy_sandbox_says_so_instead_of_holding_its_callers(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("negatoscope.platform.sandbox.LONGEST_WAIT_S", 0.05)
    taken = threading.Event()

    def hold() -> None:
        with contextlib.suppress(Refused):
            taken.set()
            sandbox.run(hang, timeout_s=5.0)

    held = threading.Thread(target=hold)
    held.start()
    taken.wait()

    def ask_until_refused() -> None:
        while held.is_alive():
            sandbox.run(where)

    with pytest.raises(Unavailable) as caught:
        ask_until_refused()
    assert caught.value.reason == "sandbox_busy"
    held.join()
