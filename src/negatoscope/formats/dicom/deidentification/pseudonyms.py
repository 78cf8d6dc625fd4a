"""Replacement values that are the same each time for the same project, and say nothing to who lacks its key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import date, timedelta
from typing import Final

from negatoscope.platform.errors import InvalidInput

_LEAST_KEY_BYTES: Final = 16
_MOST_SHIFT_DAYS: Final = 3_650


class Pseudonyms:
    """Derive pseudonyms from a project's secret key. `patient` tells one patient from another inside the project."""

    def __init__(self, key: bytes, *, patient: str) -> None:
        if len(key) < _LEAST_KEY_BYTES:
            raise InvalidInput("The key of the project is too short.", reason="short_key", field="key")
        self._key = key
        self._patient = patient

    def uid(self, uid: str) -> str:
        """Return the UID that stands for this one: 2.25 and 128 bits (PS3.5 B.2)."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big')}"

    @property
    def patient_code(self) -> str:
        """Return what stands for the patient's name and identifier: 16 letters and digits."""
        return base64.b32encode(self._digest("patient", self._patient)[:10]).decode("ascii")

    def code(self, kind: str, value: str) -> str:
        """Return 16 letters and digits that stand for another identifier."""
        return base64.b32encode(self._digest(kind, value)[:10]).decode("ascii")

    @property
    def shift(self) -> timedelta:
        """Return by how much the dates of this patient go back: one day to ten years, so that intervals stay true."""
        return timedelta(days=1 + int.from_bytes(self._digest("shift", self._patient)[:8], "big") % _MOST_SHIFT_DAYS)

    def shifted(self, day: date) -> date:
        """Return a day as it is given out; a day before the calendar begins stays its first."""
        try:
            return day - self.shift
        except OverflowError:
            return date.min

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{value}".encode(), hashlib.sha256).digest()
