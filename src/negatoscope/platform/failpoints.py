"""Places on the write path where a campaign of kills lets this process die; inert unless the environment names one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Final

from negatoscope.platform.errors import SettingsError

VARIABLE: Final = "NEGATOSCOPE_FAILPOINT"
FAILPOINTS: Final = (
    "before_temporary",
    "after_temporary",
    "after_write",
    "before_sync",
    "after_sync",
    "after_rename",
    "after_folder_sync",
    "before_rows",
    "after_rows",
    "after_commit_sent",
    "after_commit",
    "before_answer",
    "after_answer",
)
"""In the order in which an object passes them."""


class _Armed:
    """The one place at which this process dies, and how many times it may pass there before."""

    def __init__(self, text: str) -> None:
        name, _, count = text.partition(":")
        if name not in FAILPOINTS or not (count or "1").isdigit():
            raise SettingsError(f"{VARIABLE} reads NAME or NAME:COUNT; the names are {', '.join(FAILPOINTS)}.")
        self.name = name
        self._left = int(count or "1")
        self._lock = threading.Lock()

    def is_due(self) -> bool:
        """Count one passage; tell whether it is the last."""
        with self._lock:
            self._left -= 1
            return self._left <= 0


_armed: _Armed | None = None


def arm(text: str | None) -> None:
    """Let this process die at `NAME` or `NAME:COUNT` (the COUNT-th passage); nowhere when None or empty."""
    global _armed  # noqa: PLW0603 - one process has one end
    _armed = _Armed(text) if text else None


def reach(name: str, first: Callable[[], object] | None = None) -> None:
    """Die here by SIGKILL if this place is armed and its turn has come; `first` is done right before, and only then."""
    if _armed is None or _armed.name != name or not _armed.is_due():
        return
    if first is not None:
        first()
    os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE))
