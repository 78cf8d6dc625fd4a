"""A study of a patient, with somebody who may share it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.archive.studies import get_study
from negatoscope.platform.runtime import Platform
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user


@dataclass(frozen=True)
class Department:
    """One study and the radiologist who shares it."""

    study_uid: str
    patient_id: UUID
    radiologist: Subject


@pytest.fixture
def department(platform: Platform) -> Department:
    study_uid = a_stored_study(platform)
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    return Department(study_uid, patient_id, a_user(platform, Role.RADIOLOGIST))
