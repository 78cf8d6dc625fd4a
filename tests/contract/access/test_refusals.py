"""What policy refuses leaves a trace, and what is over is forgotten."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from negatoscope.access import sessions
from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Role, Subject
from negatoscope.access.refusals import record_refusal
from negatoscope.access.sweeping import sweep_access
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, NegatoscopeError, NotFound, Unauthenticated
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user

PASSWORD = "lantern-orchid-47-viaduct"


def refused(platform: Platform, subject: Subject, action: Action, patient_id: UUID | None) -> NegatoscopeError:
    with platform.database.read(platform.tenant) as tx, pytest.raises((Forbidden, NotFound)) as refusal:
        authorise(tx, subject, action, patient_id=patient_id, study_uid="1.2.3")
    assert isinstance(refusal.value, NegatoscopeError)
    return refusal.value


@pytest.mark.parametrize(("role", "reason"), [(Role.REFERRER, "no_relation"), (Role.SECRETARY, "role")])
def test_refusal_is_traced_with_its_true_reason(platform: Platform, role: Role, reason: str) -> None:
    subject, patient = a_user(platform, role), uuid4()
    error = refused(platform, subject, Action.VIEW_IMAGES, patient)
    assert record_refusal(platform, error)
    with platform.database.read(platform.tenant) as tx:
        (sealed,) = search_entries(tx, EntryFilter(outcome="refused")).entries
    entry = sealed.entry
    assert (entry.action, entry.patient_id, entry.study_uid) == ("view_images", patient, "1.2.3")
    assert (entry.actor.user_id, entry.objects) == (subject.user_id, {"refusal": reason})


def test_question_for_more_is_no_refusal(platform: Platform) -> None:
    error = refused(platform, a_user(platform, Role.LEAD_RADIOLOGIST), Action.NULLIFY_REPORT, uuid4())
    assert not record_refusal(platform, error)


def test_error_of_another_kind_is_no_refusal(platform: Platform) -> None:
    assert not record_refusal(platform, NotFound("Nothing is here."))
    with platform.database.read(platform.tenant) as tx:
        assert search_entries(tx, EntryFilter()).entries == ()


def test_what_is_over_is_forgotten_and_the_rest_is_kept(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    sessions.login(platform, login=person.login or "", password=PASSWORD, address="192.0.2.1")
    with pytest.raises(Unauthenticated):
        sessions.login(platform, login="nobody", password=PASSWORD, address="192.0.2.1")
    clock.turn(timedelta(hours=2))
    assert sweep_access(platform) == 0
    clock.turn(timedelta(days=1))
    assert sweep_access(platform) == 2  # the count of the account and that of the address
    clock.turn(timedelta(days=31))
    assert sweep_access(platform) == 1
    assert sweep_access(platform) == 0
