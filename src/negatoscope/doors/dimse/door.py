"""What all associations of one process share: the platform, the limits, the threads and the associations themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from negatoscope.doors.dimse.limits import Limits
from negatoscope.platform.runtime import Platform

P = ParamSpec("P")
T = TypeVar("T")

WORKER_THREADS: Final = 16
REREADING_THREADS: Final = 2


class Door:
    """The shared parts of the DICOM door."""

    def __init__(self, platform: Platform, limits: Limits) -> None:
        self.platform = platform
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.threads = ThreadPoolExecutor(max_workers=WORKER_THREADS, thread_name_prefix="dimse")
        self.rereading = asyncio.Semaphore(REREADING_THREADS)
        """Held by who reads stored objects again: that work is long, and reception needs the other threads."""
        self.is_stopping = False

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run work that waits for the database or the disk outside the event loop."""
        return await self.loop.run_in_executor(self.threads, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Wait for the threads to finish what they do."""
        self.threads.shutdown(wait=True)
