"""Receivers that end with the test, and the walk of a study from its arrival to the last job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from negatoscope.app.wiring import CARRIERS
from negatoscope.archive.routing.choosing import CONSIDER, ROUTE
from negatoscope.archive.routing.sending import send_job
from negatoscope.archive.stability import sweep
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.routing import Receiver


def route_once(react: Callable[..., int], run_jobs: Callable[..., int]) -> int:
    """Let the rules look, then run each job that waits once; return how many transfers were tried."""
    react(ROUTE)
    run_jobs(CONSIDER)
    return run_jobs(send_job(CARRIERS))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def settle(platform: Platform, clock: TurnedClock) -> Callable[[], int]:
    """Let what was received become complete; return how many studies did."""

    def run() -> int:
        sweep(platform)
        clock.turn(timedelta(seconds=platform.settings.study_quiet_s + 1))
        return sweep(platform)

    return run


@pytest.fixture
def route(react: Callable[..., int], run_jobs: Callable[..., int]) -> Callable[[], int]:
    """Do `route_once` at each call."""
    return lambda: route_once(react, run_jobs)
