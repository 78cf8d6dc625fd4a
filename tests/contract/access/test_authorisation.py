"""The policy asked about real rows: relations, broken glass, oppositions, and the answer given to restricted roles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Uuid, insert, literal, select, update
from sqlalchemy.sql import column, values

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, visible_patients, visible_studies
from negatoscope.access.model import AuthLevel, Role, Subject, SubjectKind, device_subject, system_subject
from negatoscope.access.relations import end_relation, relate
from negatoscope.access.tables import broken_glass, oppositions
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user


def visible(platform: Platform, subject: Subject, *patients: UUID) -> set[UUID]:
    listed = values(column("patient_id", Uuid), name="listed").data([(patient,) for patient in patients])
    with platform.database.read(platform.tenant) as tx:
        return set(tx.scalars(select(listed.c.patient_id).where(visible_patients(subject, listed.c.patient_id))))


def may(platform: Platform, subject: Subject, action: Action, patient_id: UUID | None = None) -> bool:
    with platform.database.read(platform.tenant) as tx:
        try:
            authorise(tx, subject, action, patient_id=patient_id)
        except (Forbidden, NotFound):
            return False
    return True


def test_referrer_sees_related_patients_until_the_relation_ends(platform: Platform, clock: TurnedClock) -> None:
    referrer = a_user(platform, Role.REFERRER)
    assert referrer.user_id is not None
    patient, stranger = uuid4(), uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        relate(tx, referrer.user_id, patient, source="order:1", until=clock.now() + timedelta(days=1))
    assert may(platform, referrer, Action.VIEW_IMAGES, patient)
    assert not may(platform, referrer, Action.VIEW_IMAGES, stranger)
    assert visible(platform, referrer, patient, stranger) == {patient}
    with platform.database.transaction(platform.tenant) as tx:
        end_relation(tx, referrer.user_id, patient, source="order:1", at=clock.now())
    assert not may(platform, referrer, Action.VIEW_IMAGES, patient)
    assert visible(platform, referrer, patient, stranger) == set()


def test_relating_again_prolongs_and_never_shortens(platform: Platform, clock: TurnedClock) -> None:
    referrer = a_user(platform, Role.REFERRER)
    assert referrer.user_id is not None
    patient = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        relate(tx, referrer.user_id, patient, source="order:1", until=clock.now() + timedelta(days=1))
        relate(tx, referrer.user_id, patient, source="order:1", until=clock.now() - timedelta(days=1))
    assert may(platform, referrer, Action.READ_FINAL_REPORT, patient)


def test_restricted_role_cannot_tell_a_forbidden_patient_from_none(platform: Platform) -> None:
    referrer = a_user(platform, Role.REFERRER)
    with platform.database.read(platform.tenant) as tx:
        with pytest.raises(NotFound) as forbidden:
            authorise(tx, referrer, Action.VIEW_IMAGES, patient_id=uuid4())
        with pytest.raises(NotFound) as never:
            authorise(tx, referrer, Action.SIGN_FINAL, patient_id=uuid4())
        with pytest.raises(NotFound) as study_alone:
            authorise(tx, referrer, Action.VIEW_IMAGES, study_uid="1.2.3")
    assert str(forbidden.value) == str(never.value) == str(study_alone.value)
    assert forbidden.value.reason == never.value.reason == "not_found"


def test_staff_are_told_why_not(platform: Platform) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    with platform.database.read(platform.tenant) as tx, pytest.raises(Forbidden) as refusal:
        authorise(tx, secretary, Action.SIGN_FINAL, patient_id=uuid4())
    assert refusal.value.reason == "role"


def test_patient_sees_the_own_record_alone(platform: Platform) -> None:
    own, other = uuid4(), uuid4()
    patient = a_user(platform, Role.PATIENT, patient_id=own)
    assert may(platform, patient, Action.READ_FINAL_REPORT, own)
    assert not may(platform, patient, Action.READ_FINAL_REPORT, other)
    assert visible(platform, patient, own, other) == {own}


def test_broken_glass_opens_reading_and_nothing_else(platform: Platform, clock: TurnedClock) -> None:
    referrer = a_user(platform, Role.REFERRER)
    patient = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            insert(broken_glass).values(
                broken_glass_id=uuid4(),
                user_id=referrer.user_id,
                patient_id=patient,
                reason_code="emergency",
                explanation="Patient unconscious in the emergency room",
                broken_at=clock.now(),
                until=clock.now() + timedelta(hours=4),
            )
        )
    assert may(platform, referrer, Action.VIEW_IMAGES, patient)
    assert not may(platform, referrer, Action.CREATE_ORDER, patient)
    assert visible(platform, referrer, patient) == {patient}


def test_opposition_to_a_person_closes_reading_to_that_person_alone(platform: Platform, clock: TurnedClock) -> None:
    opposed, other = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.RADIOLOGIST)
    patient = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            insert(oppositions).values(opposition_id=uuid4(), patient_id=patient, user_id=opposed.user_id, since=clock.now())
        )
    assert not may(platform, opposed, Action.VIEW_IMAGES, patient)
    assert may(platform, other, Action.VIEW_IMAGES, patient)


def object_to(platform: Platform, patient: UUID, user_id: UUID | None) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            insert(oppositions).values(opposition_id=uuid4(), patient_id=patient, user_id=user_id, since=platform.clock.now())
        )


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.RESIDENT, Role.SECRETARY, Role.RADIOGRAPHER, Role.REFERRER])
def test_whoever_is_objected_to_finds_the_patient_in_no_list(platform: Platform, clock: TurnedClock, role: Role) -> None:
    opposed, other = a_user(platform, role), a_user(platform, role)
    patient, neighbour = uuid4(), uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        for person in (opposed, other):
            assert person.user_id is not None
            for related in (patient, neighbour):
                relate(tx, person.user_id, related, source="order:1", until=clock.now() + timedelta(days=1))
    object_to(platform, patient, opposed.user_id)
    assert visible(platform, opposed, patient, neighbour) == {neighbour}
    assert visible(platform, other, patient, neighbour) == {patient, neighbour}
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(update(oppositions).values(withdrawn_at=clock.now()))
    assert visible(platform, opposed, patient) == {patient}


def test_emergency_goes_before_an_opposition_in_lists_too(platform: Platform, clock: TurnedClock) -> None:
    radiologist = a_user(platform, Role.RADIOLOGIST)
    patient = uuid4()
    object_to(platform, patient, radiologist.user_id)
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            insert(broken_glass).values(
                broken_glass_id=uuid4(),
                user_id=radiologist.user_id,
                patient_id=patient,
                reason_code="emergency",
                explanation="Patient unconscious in the emergency room",
                broken_at=clock.now(),
                until=clock.now() + timedelta(hours=4),
            )
        )
    assert visible(platform, radiologist, patient) == {patient}
    later = replace(radiologist, seen_at=clock.now() + timedelta(hours=5))
    assert visible(platform, later, patient) == set()


def test_nobody_is_kept_from_the_own_record_by_an_opposition(platform: Platform) -> None:
    own = uuid4()
    person = a_user(platform, Role.PATIENT, patient_id=own)
    object_to(platform, own, person.user_id)
    assert visible(platform, person, own) == {own}


def a_share(platform: Platform, patient: UUID) -> Subject:
    return Subject(
        tenant=platform.tenant,
        kind=SubjectKind.SHARE,
        display_name="share",
        auth_level=AuthLevel.SHARE_CODE,
        study_uids=frozenset({"1.2.3"}),
        shared_patient_id=patient,
        limited_to=frozenset({Action.VIEW_IMAGES}),
        seen_at=platform.clock.now(),
    )


def test_share_finds_its_study_alone_and_as_long_as_it_is_of_its_patient(platform: Platform) -> None:
    patient, other = uuid4(), uuid4()
    share = a_share(platform, patient)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, share, Action.VIEW_IMAGES, study_uid="1.2.3", patient_id=patient)
        for study, whose, action in (
            ("1.2.4", patient, Action.VIEW_IMAGES),
            ("1.2.3", patient, Action.READ_FINAL_REPORT),
            ("1.2.3", other, Action.VIEW_IMAGES),
            ("1.2.3", None, Action.VIEW_IMAGES),
        ):
            with pytest.raises(NotFound):
                authorise(tx, share, action, study_uid=study, patient_id=whose)
        shown = [
            tx.scalar(select(literal(1)).where(visible_studies(share, literal(study), literal(whose))))
            for study, whose in (("1.2.3", patient), ("1.2.4", patient), ("1.2.3", other))
        ]
    assert shown == [1, None, None]


def test_share_finds_nothing_of_a_patient_who_objects_to_sharing(platform: Platform) -> None:
    patient = uuid4()
    object_to(platform, patient, None)
    shown = select(literal(1)).where(visible_studies(a_share(platform, patient), literal("1.2.3"), literal(patient)))
    with platform.database.read(platform.tenant) as tx:
        assert tx.scalar(shown) is None


def test_machines_do_their_work_and_no_more(platform: Platform) -> None:
    device = device_subject(platform.tenant, "DX1", "10.0.0.7", services=frozenset({Action.STORE_IMAGES}))
    system = system_subject(platform.tenant, "matching")
    assert may(platform, device, Action.STORE_IMAGES)
    assert not may(platform, device, Action.QUERY_IMAGES)
    assert not may(platform, device, Action.VIEW_IMAGES, uuid4())
    assert may(platform, system, Action.MERGE_PATIENTS)
    assert not may(platform, system, Action.SIGN_FINAL)
