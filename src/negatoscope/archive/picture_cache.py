"""Pictures made a moment ago, kept in memory within a budget, for the next who asks for the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final
from uuid import UUID

BUDGET_BYTES: Final = 64 << 20
_LARGEST_SHARE: Final = 8


class PictureCache:
    """Keep the pictures asked for last; whoever reads it has been authorised before."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._pictures: OrderedDict[tuple[UUID, str], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, tenant: UUID, tag: str) -> bytes | None:
        """Return a picture that is still here."""
        with self._lock:
            picture = self._pictures.get((tenant, tag))
            if picture is not None:
                self._pictures.move_to_end((tenant, tag))
            return picture

    def keep(self, tenant: UUID, tag: str, picture: bytes) -> None:
        """Keep a picture, unless it would drive too many others out."""
        if len(picture) * _LARGEST_SHARE > self._budget:
            return
        with self._lock:
            replaced = self._pictures.pop((tenant, tag), None)
            self._size -= len(replaced) if replaced is not None else 0
            self._pictures[tenant, tag] = picture
            self._size += len(picture)
            while self._size > self._budget:
                _, oldest = self._pictures.popitem(last=False)
                self._size -= len(oldest)
