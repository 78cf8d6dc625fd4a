"""A complete study, a senior and a resident."""

from __future__ import annotations

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.archive.stability import mark_stable
from negatoscope.platform.runtime import Platform
from tests.builders.reading import a_stored_study
from tests.builders.signatures import PASSWORD
from tests.builders.subjects import a_user


@pytest.fixture
def study_uid(platform: Platform) -> str:
    """Return a complete chest study that nobody ordered."""
    made = a_stored_study(platform)
    with platform.database.transaction(platform.tenant) as tx:
        mark_stable(tx, made, "step_completed", at=platform.clock.now())
    return made


@pytest.fixture
def senior(platform: Platform) -> Subject:
    """Return a radiologist."""
    return a_user(platform, Role.RADIOLOGIST, password=PASSWORD)


@pytest.fixture
def resident(platform: Platform) -> Subject:
    """Return a resident."""
    return a_user(platform, Role.RESIDENT, password=PASSWORD)
