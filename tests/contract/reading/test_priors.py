"""Priors are found among the studies of the same patient alone."""

from __future__ import annotations

import pytest

from negatoscope.access.model import Role
from negatoscope.platform.errors import Forbidden
from negatoscope.platform.runtime import Platform
from negatoscope.reading.priors import find_priors
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user


def test_priors_of_the_patient_with_reasons(platform: Platform) -> None:
    old = a_stored_study(platform, StudyDate="20240102")
    foot = a_stored_study(platform, StudyDate="20251201", BodyPartExamined="FOOT")
    stranger = a_stored_study(platform, StudyDate="20251202", PatientID="SYN-0002", PatientName="Autre^Anne")
    current = a_stored_study(platform, StudyDate="20260102")
    reader = a_user(platform, Role.RADIOLOGIST)
    with platform.database.read(platform.tenant) as tx:
        priors = find_priors(tx, reader, current)
    assert [prior.study_uid for prior in priors] == [old]
    assert [reason.name for reason in priors[0].explanation] == [
        "same_region",
        "same_procedure",
        "same_modality",
        "age_days",
    ]
    assert foot != stranger


def test_secretary_may_not_ask_for_images(platform: Platform) -> None:
    current = a_stored_study(platform)
    with platform.database.read(platform.tenant) as tx, pytest.raises(Forbidden):
        find_priors(tx, a_user(platform, Role.SECRETARY), current)
