"""Who may take up a connection or an association, by address and in all. Pure counting, before anything is allocated."""

from __future__ import annotations

import ipaddress
from collections import Counter

from negatoscope.doors.dimse.limits import Limits


class Gate:
    """Count connections and associations, so that one address cannot starve the others."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connected: Counter[str] = Counter()
        self._associated: Counter[str] = Counter()

    @property
    def associations(self) -> int:
        """Return how many associations are established or being decided."""
        return self._associated.total()

    def connect(self, address: str) -> bool:
        """Tell whether a new connection from this address is admitted; then it counts until `disconnect`."""
        if self._connected[address] >= self._limits.connections_per_address:
            return False
        self._connected[address] += 1
        return True

    def disconnect(self, address: str) -> None:
        """Give back the place of a connection."""
        self._take_away(self._connected, address)

    def associate(self, address: str) -> bool:
        """Tell whether one more association is free; then it counts until `dissociate`."""
        if self.associations >= self._limits.associations:
            return False
        if self._associated[address] >= self._limits.associations_per_address:
            return False
        self._associated[address] += 1
        return True

    def dissociate(self, address: str) -> None:
        """Give back the place of an association."""
        self._take_away(self._associated, address)

    @staticmethod
    def _take_away(counter: Counter[str], address: str) -> None:
        counter[address] -= 1
        if counter[address] <= 0:
            del counter[address]


def plain_address(host: str) -> str:
    """Return the IPv4 address that a dual-stack socket shows as ::ffff:a.b.c.d, any other address as it is."""
    try:
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
    except ValueError:
        return host
    return str(mapped) if mapped is not None else host
