"""SHA-256 of a stream, computed behind the back of whoever writes it.

Hashing is the largest single cost of a radiograph of 10 MB (5 ms of 14 on an idle machine) and needs no interpreter
lock: whole frames are hashed in another thread, in order, while the writer seals and writes those that follow. At most
`2 * BATCH` frames wait, so memory stays bounded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from negatoscope.platform.blobs.port import Bytes

BATCH: Final = 3


class _Threads:
    """Threads that hash; made when first needed, and anew in a process that was forked."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)

    def pool(self) -> ThreadPoolExecutor:
        """Return the threads of this process."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="hash")
        return self._pool

    def _forget(self) -> None:
        self._pool = None


_threads: Final = _Threads()


class StreamHash:
    """Hash pieces in the order they are given; a piece must not change until `settle` or `hexdigest` returns."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._waiting: list[Bytes] = []
        self._running: Future[None] | None = None

    def update_later(self, data: Bytes) -> None:
        """Take a large piece."""
        self._waiting.append(data)
        if len(self._waiting) == BATCH:
            self._join()
            batch, self._waiting = self._waiting, []
            self._running = _threads.pool().submit(self._update_all, batch)

    def settle(self) -> None:
        """Return when every piece given so far was read."""
        self._join()
        self._update_all(self._waiting)
        self._waiting = []

    def hexdigest(self, last: Bytes) -> str:
        """Return the hash of everything with this last piece."""
        self.settle()
        self._hash.update(last)
        return self._hash.hexdigest()

    def _join(self) -> None:
        if self._running is not None:
            self._running.result()
            self._running = None

    def _update_all(self, batch: Sequence[Bytes]) -> None:
        for data in batch:
            self._hash.update(data)
