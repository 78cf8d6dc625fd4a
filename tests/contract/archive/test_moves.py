"""Objects are moved to another study by their rows alone: found, given out and undone, their bytes as they came."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pydicom
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import Connection

from negatoscope.access import authorisation
from negatoscope.access.actions import Action
from negatoscope.access.authorisation import decide
from negatoscope.access.model import Role, Subject
from negatoscope.access.policy import Decision
from negatoscope.archive.corrections import moving
from negatoscope.archive.corrections.giving import CorrectedHead, corrected_head
from negatoscope.archive.corrections.marks import CorrectedStudy
from negatoscope.archive.corrections.model import MOVE_TABLE, Move, MoveEvent, MoveState, next_move_state
from negatoscope.archive.corrections.moving import IsSigned, confirm_move, propose_move, refuse_move, undo_move
from negatoscope.archive.find import FindQuery, Level, find
from negatoscope.archive.metadata import series_metadata
from negatoscope.archive.model import Instance, Outcome
from negatoscope.archive.open import OpenInstance, open_instances, transcoded
from negatoscope.archive.retention.keeping import place_hold
from negatoscope.archive.stability import sweep
from negatoscope.archive.studies import attach_to_patient, get_study, list_instances
from negatoscope.archive.verify import rehash
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, NotFound, StaleVersion
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image, bare_bytes
from tests.builders.rejection_notes import a_rejection_note
from tests.builders.subjects import a_user

REASON = "the radiographer chose the wrong line of the worklist"
DEFLATED = "1.2.840.10008.1.2.1.99"
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", DEFLATED)


def unsigned(_: Connection, __: str, ___: UUID) -> bool:
    return False


def signed(_: Connection, __: str, ___: UUID) -> bool:
    return True


@pytest.fixture
def images(platform: Platform) -> list[Dataset]:
    """Two images of one series, and one in the study of another patient."""
    first = a_dx_image()
    second = a_dx_image(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID, InstanceNumber=2)
    other = a_dx_image(PatientID="SYN-0009", PatientName="Ōta^Jun", PatientBirthDate="19800304", PatientSex="M")
    for image in (first, second, other):
        store_data_set(platform, image)
    return [first, second, other]


def patient_of(platform: Platform, image: Dataset) -> UUID:
    with platform.database.read(platform.tenant) as tx:
        return get_study(tx, str(image.StudyInstanceUID)).patient_id


def moved(platform: Platform, subject: Subject, image: Dataset, target: Dataset, is_signed: IsSigned = unsigned) -> Move:
    return propose_move(
        platform,
        subject,
        str(image.StudyInstanceUID),
        [str(image.SOPInstanceUID)],
        to_study_uid=str(target.StudyInstanceUID),
        to_patient_id=None,
        reason=REASON,
        is_signed=is_signed,
    )


def uids_in(platform: Platform, study_uid: str) -> set[str]:
    with platform.database.read(platform.tenant) as tx:
        return {str(one.sop_instance_uid) for one in list_instances(tx, study_uid)}


def test_image_moved_to_another_patient_says_so_at_every_way_out(platform: Platform, images: list[Dataset]) -> None:
    first, second, other = images
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    move = moved(platform, lead, second, other)
    assert move.state is MoveState.APPLIED
    assert uids_in(platform, str(first.StudyInstanceUID)) == {str(first.SOPInstanceUID)}
    opened = {str(one.sop_instance_uid): one for one in open_instances(platform, lead, study_uid=str(other.StudyInstanceUID))}
    opened_image = opened[str(second.SOPInstanceUID)]
    whole = b"".join(opened_image.chunks())
    assert len(whole) == opened_image.size
    assert opened_image.read(100, 300) == whole[100:400] == b"".join(opened_image.chunks(100, 300))
    assert opened_image.read(opened_image.size - 50, 50) == whole[-50:]
    given = pydicom.dcmread(io.BytesIO(whole))
    assert (str(given.PatientName), given.PatientID, given.PatientSex) == ("Ōta^Jun", "SYN-0009", "M")
    assert given.StudyInstanceUID == other.StudyInstanceUID
    assert given.SeriesInstanceUID not in {first.SeriesInstanceUID, other.SeriesInstanceUID}
    assert (given.SOPInstanceUID, given.PixelData) == (second.SOPInstanceUID, second.PixelData)
    item = given.OriginalAttributesSequence[0]
    assert item.ReasonForTheAttributeModification == "CORRECT"
    before = item.ModifiedAttributesSequence[0]
    assert (before.StudyInstanceUID, before.PatientID) == (first.StudyInstanceUID, "SYN-0001")
    assert opened[str(other.SOPInstanceUID)].head is None
    told = json.loads(series_metadata(platform, lead, study_uid=str(other.StudyInstanceUID), bulk_data_root=""))
    assert {one["00100020"]["Value"][0] for one in told} == {"SYN-0009"}
    with platform.database.read(platform.tenant) as tx:
        query = FindQuery(level=Level.IMAGE, filters={"PatientID": "SYN-0009"})
        assert {str(one.SOPInstanceUID) for one in find(tx, lead, query)} == set(opened)
    assert rehash(platform).damaged == []
    assert store_data_set(platform, second).outcome is Outcome.DUPLICATE


def test_only_the_head_that_is_read_is_computed(
    platform: Platform, images: list[Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, other = images
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    with platform.database.transaction(platform.tenant) as tx:
        attach_to_patient(tx, str(first.StudyInstanceUID), get_study(tx, str(other.StudyInstanceUID)).patient_id)
    computed: list[str] = []

    def counted(blobs: BlobStore, instance: Instance, corrected: CorrectedStudy | None) -> CorrectedHead | None:
        computed.append(str(instance.sop_instance_uid))
        return corrected_head(blobs, instance, corrected)

    monkeypatch.setattr("negatoscope.archive.open.corrected_head", counted)
    opened = open_instances(platform, lead, study_uid=str(first.StudyInstanceUID))
    assert computed == []
    assert [len(b"".join(one.chunks())) - one.size for one in opened] == [0, 0]
    assert sorted(computed) == sorted([str(first.SOPInstanceUID), str(second.SOPInstanceUID)])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_corrected_object_reads_the_same_in_every_encoding(platform: Platform, syntax: str) -> None:
    image = a_dx_image()
    store_data_set(platform, image, syntax)
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    move = propose_move(
        platform,
        lead,
        str(image.StudyInstanceUID),
        [str(image.SOPInstanceUID)],
        to_study_uid=None,
        to_patient_id=None,
        reason=REASON,
        is_signed=unsigned,
    )
    opened = open_instances(platform, lead, study_uid=move.to_study_uid)[0]
    given = pydicom.dcmread(io.BytesIO(b"".join(opened.chunks())))
    assert given.file_meta.TransferSyntaxUID == syntax
    assert (given.StudyInstanceUID, str(given.PatientName)) == (move.to_study_uid, "Éluard^Zoé")
    stored = pydicom.dcmread(io.BytesIO(b"".join(OpenInstance(opened.instance, platform.blobs).chunks())))
    assert stored.StudyInstanceUID == image.StudyInstanceUID
    assert given.PixelData == stored.PixelData
    if syntax != DEFLATED:  # no door rewrites deflated objects
        explicit = pydicom.dcmread(io.BytesIO(transcoded(platform, opened, SYNTAXES[1])))
        assert (explicit.pixel_array == stored.pixel_array).all()


def test_object_that_leaves_out_the_issuer_of_the_house_is_given_as_sent(platform: Platform) -> None:
    first, second = a_dx_image(), a_dx_image(PatientName="Éluard^Zoé^Marie")
    for image in (first, second):
        del image.IssuerOfPatientID
        store_data_set(platform, image)
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    propose_move(
        platform,
        lead,
        str(second.StudyInstanceUID),
        [str(second.SOPInstanceUID)],
        to_study_uid=str(first.StudyInstanceUID),
        to_patient_id=None,
        reason=REASON,
        is_signed=unsigned,
    )
    opened = {str(one.sop_instance_uid): one for one in open_instances(platform, lead, study_uid=str(first.StudyInstanceUID))}
    assert opened[str(first.SOPInstanceUID)].head is None
    given = pydicom.dcmread(io.BytesIO(b"".join(opened[str(second.SOPInstanceUID)].chunks())))
    assert str(given.PatientName) == "Éluard^Zoé"
    assert "IssuerOfPatientID" not in given


def test_whole_study_moves_and_the_empty_one_is_found_no_more(
    platform: Platform, clock: TurnedClock, images: list[Dataset]
) -> None:
    first, second, other = images
    lead, reader = a_user(platform, Role.LEAD_RADIOLOGIST), a_user(platform, Role.RADIOLOGIST)
    study_uid = str(first.StudyInstanceUID)
    store_data_set(platform, a_rejection_note("113001", second))
    move = propose_move(
        platform,
        lead,
        study_uid,
        uids_in(platform, study_uid),
        to_study_uid=None,
        to_patient_id=patient_of(platform, other),
        reason=REASON,
        is_signed=unsigned,
    )
    clock.turn(timedelta(hours=1))
    sweep(platform)
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, move.to_study_uid).patient_id == patient_of(platform, other)
        assert get_study(tx, move.to_study_uid).accession_number == ""
        found = {
            str(one.StudyInstanceUID): int(one.NumberOfStudyRelatedInstances)
            for one in find(tx, reader, FindQuery(level=Level.STUDY))
        }
    assert study_uid not in found
    assert found[move.to_study_uid] == 1  # what was rejected is so where it went
    undo_move(platform, lead, move.move_id, version=move.version, reason="it was right after all", is_signed=unsigned)
    assert uids_in(platform, move.to_study_uid) == set()
    opened = open_instances(platform, reader, study_uid=study_uid)
    assert [one.head for one in opened] == [None]
    assert b"".join(opened[0].chunks()).endswith(bare_bytes(first)[-2000:])
    with pytest.raises(InvalidTransition):
        undo_move(platform, lead, move.move_id, version=move.version + 1, reason="it was right after all", is_signed=unsigned)


def test_identity_officer_proposes_and_another_confirms(platform: Platform, images: list[Dataset]) -> None:
    first, second, other = images
    officer, colleague = a_user(platform, Role.IDENTITY_OFFICER), a_user(platform, Role.IDENTITY_OFFICER)
    reader = a_user(platform, Role.RADIOLOGIST)

    def propose() -> UUID:
        return moved(platform, officer, second, other).move_id

    move_id = propose()
    assert uids_in(platform, str(first.StudyInstanceUID)) == {str(first.SOPInstanceUID), str(second.SOPInstanceUID)}
    for subject in (officer, reader):
        with pytest.raises(Forbidden):
            confirm_move(platform, subject, move_id, version=1)
    with pytest.raises(StaleVersion):
        confirm_move(platform, colleague, move_id, version=7)
    assert confirm_move(platform, colleague, move_id, version=1).state is MoveState.APPLIED
    assert uids_in(platform, str(first.StudyInstanceUID)) == {str(first.SOPInstanceUID)}
    undo_move(platform, a_user(platform, Role.LEAD_RADIOLOGIST), move_id, version=2, reason=REASON, is_signed=unsigned)
    again = propose()
    refuse_move(platform, colleague, again, version=1, reason="the images are where they belong")
    with pytest.raises(InvalidTransition):
        confirm_move(platform, colleague, again, version=2)


def test_signed_study_takes_two_people_whoever_proposes(platform: Platform, images: list[Dataset]) -> None:
    _, second, other = images
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    move = moved(platform, lead, second, other, signed)
    assert move.state is MoveState.PROPOSED
    with pytest.raises((Forbidden, Conflict)):
        confirm_move(platform, lead, move.move_id, version=1)
    confirm_move(platform, a_user(platform, Role.IDENTITY_OFFICER), move.move_id, version=1)


def test_what_two_decided_is_not_undone_by_one(platform: Platform, images: list[Dataset]) -> None:
    _, second, other = images
    officer, lead = a_user(platform, Role.IDENTITY_OFFICER), a_user(platform, Role.LEAD_RADIOLOGIST)

    def signed_at_the_target(_: Connection, study_uid: str, __: UUID) -> bool:
        return study_uid == str(other.StudyInstanceUID)

    move = moved(platform, lead, second, other, signed_at_the_target)
    assert move.state is MoveState.PROPOSED
    confirm_move(platform, officer, move.move_id, version=1)
    for subject, is_signed in ((officer, unsigned), (lead, signed_at_the_target)):
        with pytest.raises(Forbidden) as refused:
            undo_move(platform, subject, move.move_id, version=2, reason=REASON, is_signed=is_signed)
        assert refused.value.reason == "needs_second_person"
    undo_move(platform, lead, move.move_id, version=2, reason=REASON, is_signed=unsigned)


def test_move_is_authorised_where_it_goes(platform: Platform, images: list[Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    """No grant of this action depends on the patient today: a policy that does stands in."""
    _, second, other = images
    officer, lead = a_user(platform, Role.IDENTITY_OFFICER), a_user(platform, Role.LEAD_RADIOLOGIST)
    move, target = moved(platform, officer, second, other), patient_of(platform, other)

    def closed(tx: Connection, subject: Subject, action: Action, **about: Any) -> Decision:
        if about["patient_id"] == target:
            return Decision(allowed=False, reason="opposed")
        return decide(tx, subject, action, **about)

    for module in (authorisation, moving):
        monkeypatch.setattr(module, "decide", closed)
    with pytest.raises(Forbidden):
        moved(platform, lead, second, other)
    with pytest.raises(Forbidden):
        confirm_move(platform, lead, move.move_id, version=1)


@pytest.mark.parametrize("of_patient", [True, False])
def test_nothing_leaves_a_hold(platform: Platform, images: list[Dataset], of_patient: bool) -> None:
    first, second, other = images
    lead, study_uid, patient_id = (
        a_user(platform, Role.LEAD_RADIOLOGIST),
        str(first.StudyInstanceUID),
        patient_of(platform, first),
    )
    move = moved(platform, lead, second, other)
    place_hold(
        platform,
        a_user(platform, Role.AUDITOR),
        patient_id=patient_of(platform, other) if of_patient else None,
        study_uid=None if of_patient else str(other.StudyInstanceUID),
        reason="a dispute is pending",
    )
    with pytest.raises(Conflict) as refused:
        undo_move(platform, lead, move.move_id, version=move.version, reason=REASON, is_signed=unsigned)
    assert refused.value.reason == "legal_hold"
    with pytest.raises(Conflict):
        moved(platform, lead, other, first)
    with platform.database.transaction(platform.tenant) as tx:
        if of_patient:
            with pytest.raises(Conflict):
                attach_to_patient(tx, str(other.StudyInstanceUID), patient_id)
        else:
            assert attach_to_patient(tx, str(other.StudyInstanceUID), patient_id)
    assert uids_in(platform, study_uid) == {str(first.SOPInstanceUID)}


def test_move_refuses_what_makes_no_sense(platform: Platform, images: list[Dataset]) -> None:
    first, second, other = images
    lead, reader = a_user(platform, Role.LEAD_RADIOLOGIST), a_user(platform, Role.RADIOLOGIST)
    study_uid, image, elsewhere = str(first.StudyInstanceUID), str(second.SOPInstanceUID), str(other.StudyInstanceUID)
    for subject, chosen, target, reason, error in (
        (reader, [image], elsewhere, REASON, Forbidden),
        (lead, [], elsewhere, REASON, InvalidInput),
        (lead, [image], study_uid, REASON, InvalidInput),
        (lead, [image], elsewhere, " ", InvalidInput),
        (lead, [image], elsewhere, "short", Forbidden),
        (lead, [str(other.SOPInstanceUID)], elsewhere, REASON, NotFound),
        (lead, [image], "1.2.3", REASON, NotFound),
    ):
        with pytest.raises(error):
            propose_move(
                platform,
                subject,
                study_uid,
                chosen,
                to_study_uid=target,
                to_patient_id=None,
                reason=reason,
                is_signed=unsigned,
            )
    assert len(uids_in(platform, study_uid)) == 2


@pytest.mark.parametrize("state", MoveState)
@pytest.mark.parametrize("event", MoveEvent)
def test_move_takes_only_the_steps_of_its_table(state: MoveState, event: MoveEvent) -> None:
    if (state, event) in MOVE_TABLE:
        assert next_move_state(state, event) is MOVE_TABLE[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_move_state(state, event)
