"""An order, and what digests every fact as the worker does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from negatoscope.archive.stability import sweep
from negatoscope.orders.matching import reactions
from negatoscope.orders.model import Order
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.reports import is_signed_for
from tests.builders.orders import an_order
from tests.builders.patients import an_identifier

Digest = Callable[[], None]


@pytest.fixture
def digest(platform: Platform, react: Callable[..., int]) -> Digest:
    def run() -> None:
        sweep(platform)
        while react(*reactions(is_signed_for)):
            pass

    return run


@pytest.fixture
def order(platform: Platform) -> Order:
    return an_order(platform, identifiers=(an_identifier("17"),), clinical_question="Toux")
