"""The trail as a patient reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from negatoscope.audit.model import Actor, Entry
from negatoscope.sharing.patient_space import DEEDS, Deed, tell_accesses

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
VALJEAN = Actor(
    kind="user", user_id=UUID(int=1), name="Dr Jean Valjean", roles=("radiologist",), auth_level="password", address=None
)


def an_entry(action: str = "view_images", *, minutes_ago: int = 0, actor: Actor = VALJEAN, study: str = "1.2") -> Entry:
    return Entry(
        entry_id=uuid4(),
        at=NOW - timedelta(minutes=minutes_ago),
        actor=actor,
        action=action,
        outcome="success",
        patient_id=UUID(int=9),
        study_uid=study,
        objects={},
        reason=None,
        request_id=None,
    )


def test_the_same_within_an_hour_is_told_once_with_its_count() -> None:
    told = tell_accesses([an_entry(), an_entry(minutes_ago=10), an_entry("view_study", minutes_ago=50)])
    assert [(access.deed, access.count, access.at) for access in told] == [(Deed.LOOKED_AT_IMAGES, 3, NOW)]


def test_the_next_day_is_told_again() -> None:
    assert len(tell_accesses([an_entry(), an_entry(minutes_ago=24 * 60)])) == 2


def test_other_people_deeds_and_studies_are_told_apart() -> None:
    other = replace(VALJEAN, user_id=UUID(int=2))
    told = tell_accesses(
        [an_entry(), an_entry(actor=other), an_entry("read_final_report"), an_entry(study="1.3"), an_entry(minutes_ago=5)]
    )
    assert [access.count for access in told] == [2, 1, 1, 1]


def test_machines_and_unknown_acts_are_left_out_but_what_left_the_house_is_told() -> None:
    system = replace(VALJEAN, kind="system", name="matching")
    device = replace(VALJEAN, kind="device", name="WS1", user_id=None, roles=())
    told = tell_accesses(
        [an_entry(actor=system), an_entry("images_stored", actor=device), an_entry("images_sent", actor=device)]
    )
    assert [(access.who, access.deed) for access in told] == [("WS1", Deed.TOOK_COPY)]


def test_reason_is_shown_for_emergencies_alone() -> None:
    plain = replace(an_entry(), reason="second opinion")
    urgent = replace(an_entry("break_glass"), reason="unconscious")
    assert [access.reason for access in tell_accesses([plain, urgent])] == [None, "unconscious"]


def test_every_deed_has_an_act() -> None:
    assert set(DEEDS.values()) == set(Deed)
