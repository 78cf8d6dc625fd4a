"""Who may take up a connection or an association, by address and in all. Pure counting, before anything is allocated."""

from __future__ import annotations

from collections import Counter

from negatoscope.doors.dimse.limits import Limits


class Gate:
    """Count the connections that have not associated yet and the associations, so that silence starves nobody else."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: Counter[str] = Counter()
        self._associated: Counter[str] = Counter()
        self._associations = 0

    @property
    def associations(self) -> int:
        """Return how many associations are established."""
        return self._associations

    def arrive(self, address: str) -> bool:
        """Tell whether a new connection from this address is admitted; then it counts until it associates or leaves."""
        if self._waiting[address] >= self._limits.waiting_per_address:
            return False
        self._waiting[address] += 1
        return True

    def associate(self, address: str) -> bool:
        """Turn a waiting connection into an association if the limits allow one more."""
        if self._associations >= self._limits.associations:
            return False
        if self._associated[address] >= self._limits.associations_per_address:
            return False
        self._forget(self._waiting, address)
        self._associated[address] += 1
        self._associations += 1
        return True

    def leave(self, address: str, *, associated: bool) -> None:
        """Give back the place of a connection that has ended."""
        if associated:
            self._associations -= 1
        self._forget(self._associated if associated else self._waiting, address)

    @staticmethod
    def _forget(counter: Counter[str], address: str) -> None:
        counter[address] -= 1
        if counter[address] <= 0:
            del counter[address]
