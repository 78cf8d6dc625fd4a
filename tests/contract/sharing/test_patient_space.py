"""What patients and referring physicians see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from negatoscope.access.model import Role
from negatoscope.access.relations import relate
from negatoscope.archive.open import open_instances
from negatoscope.audit.trail import record
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.sharing.patient_space import Deed, patient_space
from negatoscope.sharing.results import list_results
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user
from tests.contract.sharing.conftest import Department


def test_patient_sees_the_own_studies_and_who_looked(platform: Platform, department: Department) -> None:
    a_stored_study(platform, PatientID="SOMEBODY-ELSE", PatientName="Other^One")
    patient = a_user(platform, Role.PATIENT, patient_id=department.patient_id)
    open_instances(platform, department.radiologist, study_uid=department.study_uid)
    open_instances(platform, department.radiologist, study_uid=department.study_uid)
    with platform.database.read(platform.tenant) as tx:
        space = patient_space(tx, patient)
    assert [exam.study.study_uid for exam in space.exams] == [department.study_uid]
    assert space.exams[0].report is None
    (access,) = space.accesses
    assert (access.who, access.deed, access.count) == (department.radiologist.display_name, Deed.LOOKED_AT_IMAGES, 2)
    assert (access.roles, access.study_uid) == (("radiologist",), department.study_uid)


def test_patient_is_not_told_what_machines_do_nor_what_was_refused(platform: Platform, department: Department) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, department.radiologist.actor, "images_queried", patient_id=department.patient_id)
        record(tx, department.radiologist.actor, "view_images", outcome="refused", patient_id=department.patient_id)
    patient = a_user(platform, Role.PATIENT, patient_id=department.patient_id)
    with platform.database.read(platform.tenant) as tx:
        assert patient_space(tx, patient).accesses == ()


def test_patient_reads_the_reason_of_an_emergency_access(platform: Platform, department: Department) -> None:
    why = "Unconscious in the emergency room"
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, department.radiologist.actor, "break_glass", patient_id=department.patient_id, reason=why)
    patient = a_user(platform, Role.PATIENT, patient_id=department.patient_id)
    with platform.database.read(platform.tenant) as tx:
        (access,) = patient_space(tx, patient).accesses
    assert (access.deed, access.reason) == (Deed.OPENED_IN_EMERGENCY, why)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PATIENT}))
def test_space_is_the_patients_alone(platform: Platform, department: Department, role: Role) -> None:
    subject = replace(a_user(platform, role), patient_id=department.patient_id)
    if role is Role.AUDITOR:
        subject = a_user(platform, role)
    with platform.database.read(platform.tenant) as tx, pytest.raises((NotFound, Forbidden)):
        patient_space(tx, subject)


def test_space_of_another_is_nowhere(platform: Platform, department: Department) -> None:
    with platform.database.read(platform.tenant) as tx, pytest.raises(NotFound):
        patient_space(tx, a_user(platform, Role.PATIENT, patient_id=uuid4()))


def test_referrer_finds_the_studies_of_patients_in_care_alone(
    platform: Platform, department: Department, clock: TurnedClock
) -> None:
    a_stored_study(platform, PatientID="SOMEBODY-ELSE", PatientName="Other^One")
    referrer = a_user(platform, Role.REFERRER)
    assert referrer.user_id is not None
    with platform.database.read(platform.tenant) as tx:
        assert list_results(tx, referrer).results == ()
    with platform.database.transaction(platform.tenant) as tx:
        relate(tx, referrer.user_id, department.patient_id, source="order:1", until=clock.now() + timedelta(days=1))
        page = list_results(tx, referrer)
    assert [result.study.study_uid for result in page.results] == [department.study_uid]
    assert page.results[0].version is None


def test_results_go_on_where_a_page_ended(platform: Platform, department: Department, clock: TurnedClock) -> None:
    uids = [department.study_uid]
    for _ in range(4):
        clock.turn(timedelta(seconds=1))
        uids.append(a_stored_study(platform))
    radiologist = department.radiologist
    found: list[str] = []
    after = None
    with platform.database.read(platform.tenant) as tx:
        while True:
            page = list_results(tx, radiologist, after=after, limit=2)
            found.extend(str(result.study.study_uid) for result in page.results)
            after = page.next_after
            if after is None:
                break
    assert sorted(found) == sorted(uids)
    assert found == list(reversed(uids))
