"""Time: aware UTC for what is written down, monotonic for what is waited for. Tests turn the clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tell the time; two implementations, the system's and one that tests turn."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an unknown origin that never goes back."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an unknown origin that never goes back."""
        return time.monotonic()


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self, at: datetime) -> None:
        self._now = at
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time to which the clock was turned."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds by which the clock was turned."""
        return self._monotonic

    def turn(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._now += by
        self._monotonic += by.total_seconds()
