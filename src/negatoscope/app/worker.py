"""The worker role: reactions to facts, work that comes back on a clock, and jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from negatoscope.app.wiring import JOBS, PERIODIC, REACTIONS
from negatoscope.platform.job_worker import JobWorker
from negatoscope.platform.lease import Lease
from negatoscope.platform.logs import get_logger
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform

REACTION_PERIOD_S = 0.1
TENANTS_PERIOD_S = 5.0


class Worker:
    """Everything that happens without somebody waiting for it."""

    def __init__(self, platform: Platform, *, executor_id: str) -> None:
        self._platform = platform
        self._reactor = Reactor(platform, REACTIONS)
        self._lease = Lease(platform.database, platform.jobs, platform.clock, executor_id=executor_id)
        self._jobs = JobWorker(platform, JOBS, executor_id=executor_id, lease=self._lease)
        self._tenants = [platform]
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads and connect to the job queue."""
        self._lease.start()
        self._jobs.start()
        self._begin("tenants", TENANTS_PERIOD_S, self._find_tenants, once=True)
        self._begin("reactions", REACTION_PERIOD_S, lambda platform: self._reactor.run_once(platform.tenant))
        for work in PERIODIC:
            self._begin(work.name, work.period_s, work.run)

    def stop(self) -> None:
        """Finish what runs, and give the lease back."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self._jobs.close()
        self._lease.stop()

    def _find_tenants(self, platform: Platform) -> None:
        self._tenants = [platform.for_tenant(tenant) for tenant in platform.database.tenants()]

    def _begin(self, name: str, period_s: float, work: Callable[[Platform], object], *, once: bool = False) -> None:
        thread = threading.Thread(target=self._repeat, args=(name, period_s, work, once), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _repeat(self, name: str, period_s: float, work: Callable[[Platform], object], once: bool) -> None:
        while not self._stop.wait(period_s):
            try:
                for platform in [self._platform] if once else self._tenants:
                    work(platform)
            except Exception as error:  # the outermost loop of the worker: what failed comes back at the next turn
                get_logger().error("periodic_work_failed", name=name, error=type(error).__name__, exc_info=True)
