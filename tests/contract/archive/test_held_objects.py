"""Objects that are held back are settled by people: nothing is lost, and what follows is seen at every way out."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.model import Role, Subject
from negatoscope.archive.held import settling, store
from negatoscope.archive.held.model import (
    QUARANTINE_TABLE,
    QuarantinedObject,
    QuarantineEvent,
    QuarantineState,
    Settlement,
    next_quarantine_state,
)
from negatoscope.archive.model import Outcome
from negatoscope.archive.open import open_instances, read_pixels
from negatoscope.archive.pictures import picture_of, thumbnail_request
from negatoscope.archive.rejections.store import rejected_instances
from negatoscope.archive.studies import find_instance
from negatoscope.archive.verify import rehash
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, StaleVersion
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.rejection_notes import a_rejection_note
from tests.builders.subjects import a_user

REASON = "compared with the console of the room"


def current_hash(platform: Platform, image: Dataset) -> str:
    with platform.database.read(platform.tenant) as tx:
        found = find_instance(tx, str(image.SOPInstanceUID))
    assert found is not None
    return found.blob.sha256


def held_conflicts(platform: Platform) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        return [one.blob.sha256 for one in store.list_open_conflicts(tx, 10)]


def quarantined(platform: Platform) -> QuarantinedObject:
    with platform.database.read(platform.tenant) as tx:
        return store.list_open_quarantine(tx, 10)[0]


@pytest.fixture
def twins(platform: Platform) -> tuple[Dataset, Dataset]:
    """Two images of one identifier, the second darker."""
    first = a_dx_image()
    second = a_dx_image(bits_stored=10)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(second, keyword, first[keyword].value)
    assert store_data_set(platform, first).outcome is Outcome.STORED
    assert store_data_set(platform, second).outcome is Outcome.CONFLICT
    return first, second


def test_first_object_stays_where_a_person_says_so(platform: Platform, twins: tuple[Dataset, Dataset]) -> None:
    before, other = current_hash(platform, twins[0]), held_conflicts(platform)[0]
    reader = a_user(platform, Role.RADIOLOGIST)
    settling.settle_conflict(platform, reader, str(twins[0].SOPInstanceUID), other, Settlement.FIRST_KEPT, reason=REASON)
    assert (current_hash(platform, twins[0]), held_conflicts(platform)) == (before, [])
    with pytest.raises(InvalidTransition):
        settling.settle_conflict(platform, reader, str(twins[0].SOPInstanceUID), other, Settlement.DISMISSED, reason=REASON)
    assert rehash(platform).checked == 2


def test_other_object_becomes_current_and_the_first_is_kept(platform: Platform, twins: tuple[Dataset, Dataset]) -> None:
    first, second = twins
    reader = a_user(platform, Role.RADIOLOGIST)
    before, other = current_hash(platform, first), held_conflicts(platform)[0]
    settling.settle_conflict(platform, reader, str(first.SOPInstanceUID), other, Settlement.MADE_CURRENT, reason=REASON)
    assert current_hash(platform, first) == other
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, str(first.SOPInstanceUID))
        kept = store.get_conflict(tx, str(first.SOPInstanceUID), before)
        events = list(tx.execute(text("select subject from events where kind = 'instance_replaced'")).scalars())
    assert instance is not None
    assert read_pixels(platform, instance).tobytes() == second.PixelData != first.PixelData
    assert (kept.settlement, kept.settlement_reason) == (Settlement.REPLACED, REASON)
    assert events == [str(first.SOPInstanceUID)]
    assert rehash(platform).damaged == []
    assert store_data_set(platform, second).outcome is Outcome.DUPLICATE
    assert store_data_set(platform, first).outcome is Outcome.CONFLICT
    assert held_conflicts(platform) == []


def test_pictures_of_the_replaced_object_are_forgotten(platform: Platform, twins: tuple[Dataset, Dataset]) -> None:
    first = twins[0]
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            text("insert into renderings (sop_instance_uid, frame, recipe, picture) values (:uid, 1, 'recipe', 'old')"),
            {"uid": str(first.SOPInstanceUID)},
        )
    other = held_conflicts(platform)[0]
    settling.settle_conflict(
        platform,
        a_user(platform, Role.RADIOLOGIST),
        str(first.SOPInstanceUID),
        other,
        Settlement.MADE_CURRENT,
        reason=REASON,
    )
    with platform.database.read(platform.tenant) as tx:
        assert tx.execute(text("select count(*) from renderings")).scalar_one() == 0


def test_picture_of_the_replaced_object_is_not_shown_for_the_other(platform: Platform, twins: tuple[Dataset, Dataset]) -> None:
    """Somebody who opened the first object keeps its picture before the exchange commits."""
    uid, other = str(twins[0].SOPInstanceUID), held_conflicts(platform)[0]
    with platform.database.read(platform.tenant) as tx:
        before = find_instance(tx, uid)
    assert before is not None
    picture_of(platform, before, thumbnail_request()).make()
    with platform.database.read(platform.tenant) as tx:
        kept = tx.execute(text("select recipe, picture from renderings")).one()
    reader = a_user(platform, Role.RADIOLOGIST)
    settling.settle_conflict(platform, reader, uid, other, Settlement.MADE_CURRENT, reason=REASON)
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            text("insert into renderings (sop_instance_uid, frame, recipe, picture) values (:uid, 1, :recipe, 'old')"),
            {"uid": uid, "recipe": kept.recipe},
        )
        after = find_instance(tx, uid)
    assert after is not None
    assert picture_of(platform, after, thumbnail_request()).make() != b"old"


def test_settling_needs_its_right_and_a_reason(platform: Platform, twins: tuple[Dataset, Dataset]) -> None:
    uid, other = str(twins[0].SOPInstanceUID), held_conflicts(platform)[0]
    with pytest.raises(Forbidden):
        settling.settle_conflict(platform, a_user(platform, Role.RESIDENT), uid, other, Settlement.FIRST_KEPT, reason=REASON)
    reader = a_user(platform, Role.RADIOLOGIST)
    with pytest.raises(InvalidInput):
        settling.settle_conflict(platform, reader, uid, other, Settlement.FIRST_KEPT, reason="  ")
    with pytest.raises(InvalidInput):
        settling.settle_conflict(platform, reader, uid, other, Settlement.REPLACED, reason=REASON)
    assert held_conflicts(platform) == [other]


@pytest.fixture
def strayed(platform: Platform) -> tuple[Dataset, Dataset]:
    """An image, and one of another patient in the same study, which is in quarantine."""
    first = a_dx_image()
    second = a_dx_image(StudyInstanceUID=first.StudyInstanceUID, PatientID="SYN-0002", PatientName="Autre^Nom")
    second.OtherPatientIDs = "OLD-2"
    assert store_data_set(platform, first).outcome is Outcome.STORED
    assert store_data_set(platform, second).outcome is Outcome.QUARANTINED
    return first, second


def people(platform: Platform) -> tuple[Subject, Subject]:
    return a_user(platform, Role.IDENTITY_OFFICER), a_user(platform, Role.RADIOLOGIST)


@pytest.mark.parametrize("left", ["disabled_at = now()", "roles = array['secretary']"])
def test_proposal_of_somebody_who_left_is_not_confirmed(
    platform: Platform, strayed: tuple[Dataset, Dataset], left: str
) -> None:
    one, other = people(platform)
    held = quarantined(platform)
    settling.propose_release(platform, one, held.quarantine_id, version=held.version, reason=REASON)
    with platform.database.owner_transaction() as tx:
        tx.execute(text(f"update users set {left} where user_id = :user"), {"user": one.user_id})
    held = quarantined(platform)
    with pytest.raises(Forbidden) as refused:
        settling.confirm_release(platform, other, held.quarantine_id, version=held.version, reason=REASON)
    assert refused.value.reason == "needs_second_person"


def test_release_takes_two_people_and_gives_the_identity_of_the_study(
    platform: Platform, strayed: tuple[Dataset, Dataset]
) -> None:
    first, second = strayed
    one, other = people(platform)
    held = quarantined(platform)
    with pytest.raises(InvalidTransition):
        settling.confirm_release(platform, other, held.quarantine_id, version=held.version, reason=REASON)
    settling.propose_release(platform, one, held.quarantine_id, version=held.version, reason=REASON)
    held = quarantined(platform)
    with pytest.raises(Forbidden):
        settling.confirm_release(platform, one, held.quarantine_id, version=held.version, reason=REASON)
    with pytest.raises(StaleVersion):
        settling.confirm_release(platform, other, held.quarantine_id, version=held.version - 1, reason=REASON)
    settling.confirm_release(platform, other, held.quarantine_id, version=held.version, reason=REASON)
    opened = {str(one.sop_instance_uid): one for one in open_instances(platform, other, study_uid=str(first.StudyInstanceUID))}
    assert set(opened) == {str(first.SOPInstanceUID), str(second.SOPInstanceUID)}
    entered = opened[str(second.SOPInstanceUID)]
    given = pydicom.dcmread(io.BytesIO(b"".join(entered.chunks())))
    assert (str(given.PatientID), str(given.PatientName)) == ("SYN-0001", "Éluard^Zoé")
    assert given.PixelData == second.PixelData
    modified = given.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert (str(modified.PatientID), modified.OtherPatientIDs) == ("SYN-0002", "OLD-2")
    assert "OtherPatientIDs" not in given
    untouched = opened[str(first.SOPInstanceUID)]
    assert untouched.head is None
    assert rehash(platform).damaged == []


def test_released_rejection_note_rejects_what_it_names(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    note = a_rejection_note("113037", image, PatientID="SYN-0002")
    assert store_data_set(platform, note).outcome is Outcome.QUARANTINED
    one, other = people(platform)
    held = quarantined(platform)
    settling.propose_release(platform, one, held.quarantine_id, version=held.version, reason=REASON)
    held = quarantined(platform)
    settling.confirm_release(platform, other, held.quarantine_id, version=held.version, reason=REASON)
    with platform.database.read(platform.tenant) as tx:
        rejected = rejected_instances(tx, str(image.StudyInstanceUID))
    assert set(rejected) == {str(image.SOPInstanceUID), str(note.SOPInstanceUID)}


def test_what_the_gate_refused_is_never_released(platform: Platform) -> None:
    image = a_dx_image()
    image.PixelData = image.PixelData[:-100]
    assert store_data_set(platform, image).outcome is Outcome.QUARANTINED
    held = quarantined(platform)
    with pytest.raises(Conflict):
        settling.propose_release(platform, people(platform)[0], held.quarantine_id, version=held.version, reason=REASON)


def test_withdrawn_and_dismissed_objects_stay_kept(platform: Platform, strayed: tuple[Dataset, Dataset]) -> None:
    one, other = people(platform)
    held = quarantined(platform)
    settling.propose_release(platform, one, held.quarantine_id, version=held.version, reason=REASON)
    settling.withdraw_release(platform, other, held.quarantine_id, version=held.version + 1, reason=REASON)
    assert quarantined(platform).state is QuarantineState.WAITING
    settling.dismiss_quarantined(platform, other, held.quarantine_id, version=held.version + 2, reason=REASON)
    with platform.database.read(platform.tenant) as tx:
        assert store.list_open_quarantine(tx, 10) == []
        assert store.get_quarantined(tx, held.quarantine_id).settlement_reason == REASON
    assert rehash(platform).checked == 2


@pytest.mark.parametrize("state", QuarantineState)
@pytest.mark.parametrize("event", QuarantineEvent)
def test_quarantine_takes_only_the_steps_of_its_table(state: QuarantineState, event: QuarantineEvent) -> None:
    if (state, event) in QUARANTINE_TABLE:
        assert next_quarantine_state(state, event) is QUARANTINE_TABLE[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_quarantine_state(state, event)
