"""Rejection notes hide what they name, from whom and until when, at every way out of the archive."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pydicom
import pytest
from highdicom.ko import KeyObjectSelectionDocument
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.actions import Action
from negatoscope.access.model import Role, Subject, device_subject, system_subject
from negatoscope.archive.corrections.moving import propose_move
from negatoscope.archive.find import FindQuery, Level, find
from negatoscope.archive.metadata import series_metadata
from negatoscope.archive.model import Outcome, SourceKind
from negatoscope.archive.open import OpenInstance, open_instances
from negatoscope.archive.rejections.model import RejectionTitle
from negatoscope.archive.rejections.rejecting import reject_instances, revoke_note
from negatoscope.archive.rejections.store import list_notes, list_rejections, rejected_instances
from negatoscope.archive.stability import sweep
from negatoscope.archive.studies import find_instance, get_study
from negatoscope.dose.register import RECORD_EXPOSURES, exposures_of_study
from negatoscope.formats.dicom.rejection_notes import read_explanation
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.rejection_notes import a_rejection_note
from tests.builders.subjects import a_user

QUALITY, SAFETY, WRONG_ENTRY, RETENTION = (title.value for title in RejectionTitle)


@pytest.fixture
def images(platform: Platform) -> list[Dataset]:
    """Three images of one study: two in a series, one in another."""
    first = a_dx_image()
    same = {"StudyInstanceUID": first.StudyInstanceUID}
    second = a_dx_image(**same, SeriesInstanceUID=first.SeriesInstanceUID, InstanceNumber=2)
    third = a_dx_image(**same, SeriesNumber=2)
    for image in (first, second, third):
        store_data_set(platform, image)
    return [first, second, third]


def seen(platform: Platform, subject: Subject, study_uid: str) -> set[str]:
    """Return the images that every way out of the archive gives this subject; they must agree."""
    with platform.database.read(platform.tenant) as tx:
        query = FindQuery(level=Level.IMAGE, filters={"StudyInstanceUID": study_uid, "Modality": "DX"})
        found = {str(one.SOPInstanceUID) for one in find(tx, subject, query)}
        series = {
            str(one.SeriesInstanceUID)
            for one in find(tx, subject, FindQuery(level=Level.SERIES, filters={"StudyInstanceUID": study_uid}))
        }
        studies = find(tx, subject, FindQuery(level=Level.STUDY, filters={"StudyInstanceUID": study_uid}))
    assert bool(studies) == bool(series)
    try:
        opened = open_instances(platform, subject, study_uid=study_uid)
        action = Action.RETRIEVE_IMAGES
        told = json.loads(series_metadata(platform, subject, study_uid=study_uid, bulk_data_root="", action=action))
    except NotFound:
        assert not found
        assert not series
        return set()
    assert {one["00080018"]["Value"][0] for one in told} == {str(one.sop_instance_uid) for one in opened}
    assert {str(one.series_uid) for one in opened} == series
    assert {str(one.sop_instance_uid) for one in opened if one.frames} == found
    return found


def uids(*images: Dataset) -> set[str]:
    return {str(image.SOPInstanceUID) for image in images}


@pytest.mark.parametrize(
    ("title", "viewers"),
    [
        (QUALITY, {Role.PHYSICIST: True, Role.IDENTITY_OFFICER: True}),
        (SAFETY, {Role.PHYSICIST: False, Role.IDENTITY_OFFICER: True}),
        (WRONG_ENTRY, {Role.PHYSICIST: False, Role.IDENTITY_OFFICER: True}),
        (RETENTION, {Role.PHYSICIST: False, Role.IDENTITY_OFFICER: True}),
    ],
)
def test_note_hides_what_it_names_by_its_title(
    platform: Platform, images: list[Dataset], title: str, viewers: dict[Role, bool]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    reader = a_user(platform, Role.RADIOLOGIST)
    device = device_subject(platform.tenant, "WORKSTATION", "127.0.0.1")
    everything = [reader, device, system_subject(platform.tenant, "routing")]
    for subject in everything:
        assert seen(platform, subject, study_uid) == uids(*images)
    assert store_data_set(platform, a_rejection_note(title, images[0], images[2])).outcome is Outcome.STORED
    for subject in everything:
        assert seen(platform, subject, study_uid) == uids(images[1])
    with platform.database.read(platform.tenant) as tx:
        assert set(rejected_instances(tx, study_uid).items()) >= {(uid, title) for uid in uids(images[0], images[2])}
        for role, sees in viewers.items():
            query = FindQuery(level=Level.IMAGE, filters={"StudyInstanceUID": study_uid, "Modality": "DX"})
            found = {str(one.SOPInstanceUID) for one in find(tx, subject_without_identity(platform, role), query)}
            assert (found == uids(*images)) is sees


def subject_without_identity(platform: Platform, role: Role) -> Subject:
    """A physicist works on data without identity, which no search gives yet: the other rights of a reader are added."""
    return a_user(platform, role, Role.SECRETARY)


def test_rejected_for_quality_is_open_by_name_to_who_may_view_rejected(platform: Platform, images: list[Dataset]) -> None:
    store_data_set(platform, a_rejection_note(QUALITY, images[0]))
    open_named = partial(
        open_instances,
        platform,
        study_uid=str(images[0].StudyInstanceUID),
        series_uid=str(images[0].SeriesInstanceUID),
        sop_instance_uid=str(images[0].SOPInstanceUID),
    )
    assert len(open_named(a_user(platform, Role.RADIOGRAPHER))) == 1
    for subject in (a_user(platform, Role.RESIDENT), device_subject(platform.tenant, "WORKSTATION", "127.0.0.1")):
        with pytest.raises(NotFound):
            open_named(subject)


def test_note_before_its_images_applies_when_they_come(platform: Platform) -> None:
    image, late = a_dx_image(), a_dx_image()
    late.StudyInstanceUID = image.StudyInstanceUID
    store_data_set(platform, image)
    store_data_set(platform, a_rejection_note(SAFETY, image, late))
    reader = a_user(platform, Role.RADIOLOGIST)
    assert seen(platform, reader, str(image.StudyInstanceUID)) == set()
    assert store_data_set(platform, late).outcome is Outcome.STORED
    assert seen(platform, reader, str(image.StudyInstanceUID)) == set()


def test_other_key_objects_and_notes_on_other_studies_reject_nothing(platform: Platform, images: list[Dataset]) -> None:
    stranger = a_dx_image()
    store_data_set(platform, stranger)
    store_data_set(platform, a_rejection_note("113004", images[0]))
    note = a_rejection_note(SAFETY, images[0], stranger)
    note.CurrentRequestedProcedureEvidenceSequence[0].StudyInstanceUID = stranger.StudyInstanceUID
    store_data_set(platform, note)
    reader = a_user(platform, Role.RADIOLOGIST)
    assert seen(platform, reader, str(images[0].StudyInstanceUID)) == uids(*images)
    assert seen(platform, reader, str(stranger.StudyInstanceUID)) == uids(stranger)


@pytest.mark.parametrize(
    ("title", "outcome", "is_shown"),
    [
        (QUALITY, Outcome.DUPLICATE, False),
        (SAFETY, Outcome.REFUSED, False),
        (WRONG_ENTRY, Outcome.REFUSED, False),
        (RETENTION, Outcome.DUPLICATE, True),
    ],
)
def test_rejected_object_sent_again_meets_the_policy_of_its_title(
    platform: Platform, images: list[Dataset], title: str, outcome: Outcome, is_shown: bool
) -> None:
    store_data_set(platform, a_rejection_note(title, images[0]))
    again = store_data_set(platform, images[0])
    assert (again.outcome, again.refusal) == (outcome, "rejected" if outcome is Outcome.REFUSED else None)
    shown = seen(platform, a_user(platform, Role.RADIOLOGIST), str(images[0].StudyInstanceUID))
    assert (str(images[0].SOPInstanceUID) in shown) is is_shown


def test_study_counts_what_is_shown_and_becomes_stable_with_nothing_left(
    platform: Platform, clock: TurnedClock, images: list[Dataset]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    clock.turn(timedelta(hours=1))
    sweep(platform)
    store_data_set(platform, a_rejection_note(QUALITY, *images))
    clock.turn(timedelta(hours=1))
    sweep(platform)
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, study_uid)
    assert (study.instances, study.state.value) == (0, "stable")
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    with platform.database.read(platform.tenant) as tx:
        note = list_notes(tx, before=None, limit=10)[0]
    assert (note.objects, note.here, note.revoked) == (3, 3, 0)
    assert revoke_note(platform, lead, note.note_uid, reason="named by mistake") == 3
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, study_uid).instances == 3


def test_dose_of_a_rejected_image_counts(
    platform: Platform, clock: TurnedClock, images: list[Dataset], react: Callable[..., int]
) -> None:
    store_data_set(platform, a_rejection_note(QUALITY, images[0]))
    clock.turn(timedelta(hours=1))
    sweep(platform)
    react(RECORD_EXPOSURES)
    with platform.database.read(platform.tenant) as tx:
        assert len(list(exposures_of_study(tx, str(images[0].StudyInstanceUID)))) == 3


def test_person_rejects_by_a_note_and_takes_it_back(platform: Platform, images: list[Dataset]) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    reader, radiographer = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.RADIOGRAPHER)
    assert seen(platform, reader, study_uid) == uids(*images)
    note_uid = reject_instances(
        platform,
        radiographer,
        study_uid,
        uids(images[1]),
        title=RejectionTitle.QUALITY,
        explanation="Flou de bougé, cliché à refaire",
    )
    assert seen(platform, reader, study_uid) == uids(images[0], images[2])
    with pytest.raises(Forbidden):
        revoke_note(platform, radiographer, note_uid, reason="a reason that is long enough")
    with pytest.raises(InvalidInput):
        revoke_note(platform, reader, note_uid, reason=" ")
    assert revoke_note(platform, reader, note_uid, reason="the blur is no matter here") == 1
    assert seen(platform, reader, study_uid) == uids(*images)
    with pytest.raises(Conflict):
        revoke_note(platform, reader, note_uid, reason="the blur is no matter here")
    with platform.database.read(platform.tenant) as tx:
        kept = [one for one in list_rejections(tx, study_uid) if one.sop_instance_uid != note_uid]
        actions = list(tx.execute(text("select action, outcome from audit_entries where action like '%reject%' order by at")))
    assert [(one.explanation, one.revocation_reason) for one in kept] == [
        ("Flou de bougé, cliché à refaire", "the blur is no matter here")
    ]
    assert ("reject_quality", "success") in actions
    assert ("revoke_rejection", "success") in actions


def test_rejection_needs_its_right_a_reason_and_images_of_the_study(platform: Platform, images: list[Dataset]) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    resident, reader = a_user(platform, Role.RESIDENT), a_user(platform, Role.RADIOLOGIST)
    for subject, chosen, words, error in (
        (resident, uids(images[0]), "too blurred to be read", Forbidden),
        (reader, set(), "too blurred to be read", InvalidInput),
        (reader, uids(images[0]), "", InvalidInput),
        (reader, {new_uid()}, "too blurred to be read", NotFound),
    ):
        with pytest.raises(error):
            reject_instances(platform, subject, study_uid, chosen, title=RejectionTitle.QUALITY, explanation=words)
    with pytest.raises(InvalidInput):
        reject_instances(
            platform,
            reader,
            study_uid,
            uids(images[0]),
            title=RejectionTitle.RETENTION_EXPIRED,
            explanation="twenty years are over",
        )
    assert seen(platform, reader, study_uid) == uids(*images)


def test_block_made_before_a_rejection_is_never_given_after_it(platform: Platform, images: list[Dataset]) -> None:
    """As many images as the block covers are shown again, but other ones: the count alone would not tell."""
    study_uid = str(images[0].StudyInstanceUID)
    reader = a_user(platform, Role.RADIOLOGIST)
    assert seen(platform, reader, study_uid) == uids(*images)
    late = a_dx_image(StudyInstanceUID=study_uid, SeriesInstanceUID=images[0].SeriesInstanceUID, InstanceNumber=3)
    store_data_set(platform, a_rejection_note(QUALITY, images[0]))
    store_data_set(platform, late)
    assert seen(platform, reader, study_uid) == uids(images[1], images[2], late)


def test_no_study_or_series_is_found_by_a_key_of_what_is_rejected(platform: Platform, images: list[Dataset]) -> None:
    store_data_set(platform, a_rejection_note(SAFETY, images[0], images[2]))
    reader, officer = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.IDENTITY_OFFICER, Role.SECRETARY)
    by_image = {"SOPInstanceUID": str(images[0].SOPInstanceUID)}
    by_series = {"SeriesInstanceUID": str(images[2].SeriesInstanceUID)}
    shown = {"SOPInstanceUID": str(images[1].SOPInstanceUID)}
    with platform.database.read(platform.tenant) as tx:
        for level, filters in ((Level.STUDY, by_image), (Level.SERIES, by_image), (Level.STUDY, by_series)):
            query = FindQuery(level=level, filters=filters)
            assert (len(find(tx, reader, query)), len(find(tx, officer, query))) == (0, 1)
            assert len(find(tx, reader, FindQuery(level=level, filters=shown))) == 1


def test_search_does_not_walk_the_rejections(platform: Platform) -> None:
    """The plan of a study search must find rejections by index, whatever their number."""
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(text("set local enable_seqscan = off"))
        plan = "\n".join(
            tx.execute(
                text(
                    "explain select 1 from instances i where study_uid = '1.2' and not exists (select from rejections r"
                    " where r.sop_instance_uid = i.sop_instance_uid and r.study_uid = i.study_uid and r.revoked_at is null)"
                )
            ).scalars()
        )
    assert "rejections_in_force" in plan or "rejections_of_study" in plan


def test_note_made_here_is_what_the_standard_describes(platform: Platform, images: list[Dataset], tmp_path: Path) -> None:
    """Read by two programs of others: a validator of information objects, and a library for structured documents."""
    reader = a_user(platform, Role.RADIOLOGIST)
    note_uid = reject_instances(
        platform,
        reader,
        str(images[0].StudyInstanceUID),
        uids(images[0], images[2]),
        title=RejectionTitle.PATIENT_SAFETY,
        explanation="Côté inversé à l’écran",
    )
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, note_uid)
    assert instance is not None
    file = tmp_path / "note.dcm"
    file.write_bytes(b"".join(OpenInstance(instance, platform.blobs).chunks()))
    checked = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, check=False)
    assert [line for line in checked.stderr.splitlines() if line.startswith("Error")] == []
    document = KeyObjectSelectionDocument.from_dataset(pydicom.dcmread(file))
    assert document.ConceptNameCodeSequence[0].CodeValue == SAFETY
    named = {str(one[2]) for one in (document.resolve_reference(uid) for uid in uids(images[0], images[2]))}
    assert named == uids(images[0], images[2])
    assert read_explanation(document) == "Côté inversé à l’écran"


def moved_away(platform: Platform, *images: Dataset) -> str:
    """Split images off; return the study in which they stand then."""
    return propose_move(
        platform,
        a_user(platform, Role.LEAD_RADIOLOGIST),
        str(images[0].StudyInstanceUID),
        uids(*images),
        to_study_uid=None,
        to_patient_id=None,
        reason="they belong to the second examination",
        is_signed=lambda *_: False,
    ).to_study_uid


def test_moved_image_is_rejected_by_hand_in_the_study_where_it_stands(platform: Platform, images: list[Dataset]) -> None:
    reader = a_user(platform, Role.RADIOLOGIST)
    new_study = moved_away(platform, images[0], images[1])
    note_uid = reject_instances(
        platform, reader, new_study, uids(images[0]), title=RejectionTitle.QUALITY, explanation="too blurred to be read"
    )
    assert seen(platform, reader, new_study) == uids(images[1])
    with platform.database.read(platform.tenant) as tx:
        note = find_instance(tx, note_uid)
    assert note is not None
    assert note.study_uid == new_study


def test_note_after_its_images_were_moved_rejects_them_where_they_stand(
    platform: Platform, clock: TurnedClock, images: list[Dataset]
) -> None:
    reader, lead = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.LEAD_RADIOLOGIST)
    old_study, new_study = str(images[0].StudyInstanceUID), moved_away(platform, images[0], images[1])
    clock.turn(timedelta(hours=1))
    sweep(platform)
    note = a_rejection_note(SAFETY, images[0], images[2])
    store_data_set(platform, note)
    assert (seen(platform, reader, new_study), seen(platform, reader, old_study)) == (uids(images[1]), set())
    assert store_data_set(platform, images[0]).outcome is Outcome.REFUSED
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, new_study).instances == 1
    assert revoke_note(platform, lead, str(note.SOPInstanceUID), reason="named by mistake") == 2
    assert seen(platform, reader, new_study) == uids(images[0], images[1])
    assert seen(platform, reader, old_study) == uids(images[2])


def test_note_that_claims_an_image_of_another_study_does_not_refuse_it(platform: Platform, images: list[Dataset]) -> None:
    stranger = a_dx_image()
    store_data_set(platform, a_rejection_note(SAFETY, images[0], stranger))
    assert store_data_set(platform, stranger).outcome is Outcome.STORED
    store_data_set(platform, a_rejection_note(SAFETY, images[0], stranger))
    assert store_data_set(platform, stranger).outcome is Outcome.DUPLICATE
    assert seen(platform, a_user(platform, Role.RADIOLOGIST), str(stranger.StudyInstanceUID)) == uids(stranger)


@pytest.mark.parametrize("kind", [SourceKind.IMPORT, SourceKind.FETCH])
def test_note_of_another_house_rejects_nothing_and_the_trail_says_so(
    platform: Platform, images: list[Dataset], kind: SourceKind
) -> None:
    note = a_rejection_note(SAFETY, images[0])
    assert store_data_set(platform, note, source=a_source(kind, "CD")).outcome is Outcome.STORED
    assert seen(platform, a_user(platform, Role.RADIOLOGIST), str(images[0].StudyInstanceUID)) == uids(*images)
    with platform.database.read(platform.tenant) as tx:
        actions = list(tx.execute(text("select action, outcome from audit_entries where action = 'reject_safety'")))
    assert [tuple(row) for row in actions] == [("reject_safety", "refused")]
