"""The images of a case without identity: attributes by an allow-list, frames under other UIDs."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydicom.dataset import Dataset
from sqlalchemy import Connection

from negatoscope.access.model import Subject
from negatoscope.ai.model import Finding
from negatoscope.ai.results import findings_of_study
from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance
from negatoscope.archive.open import OpenFrames
from negatoscope.archive.pictures import Picture, thumbnail_request
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.studies import list_instances
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.training import store
from negatoscope.training.identity import shown_uid, without_identity
from negatoscope.training.model import TrainingCase
from negatoscope.training.sessions import open_case

_HIDDEN_MODALITIES = frozenset({"DOC", "SR", "PR", "KO", "SEG"})


def case_metadata(platform: Platform, subject: Subject, case_id: UUID) -> list[Dataset]:
    """Return what the viewer needs of each image of the case."""
    with platform.database.read(platform.tenant) as tx:
        case = open_case(tx, subject, case_id)
        images = _images(tx, case)
    shown = []
    for instance in images:
        attributes = read_attributes(platform, instance)
        if not _may_be_shown(attributes):
            continue
        model = without_identity(attributes, case_id)
        model.AvailableTransferSyntaxUID = instance.transfer_syntax_uid
        shown.append(model)
    return shown


def case_frame(platform: Platform, subject: Subject, case_id: UUID, shown_instance_uid: str, frame: int) -> OpenFrames:
    """Return one frame of an image of the case, named by the UID under which the case shows it."""
    return OpenFrames(platform, _shown_image(platform, subject, case_id, shown_instance_uid, frame), (frame,))


def case_thumbnail(platform: Platform, subject: Subject, case_id: UUID, shown_instance_uid: str) -> Picture:
    """Return the small picture of an image of the case."""
    return Picture(platform, _shown_image(platform, subject, case_id, shown_instance_uid, 1), thumbnail_request())


def _shown_image(platform: Platform, subject: Subject, case_id: UUID, shown_instance_uid: str, frame: int) -> Instance:
    with platform.database.read(platform.tenant) as tx:
        case = open_case(tx, subject, case_id)
        known = {shown_uid(case_id, one.sop_instance_uid): one for one in _images(tx, case)}
    instance = known.get(shown_instance_uid)
    if instance is None or not 1 <= frame <= instance.frames or not _may_be_shown(read_attributes(platform, instance)):
        raise NotFound("There is no such frame.", reason="no_such_frame")
    return instance


def case_findings(platform: Platform, subject: Subject, case_id: UUID) -> Mapping[str, tuple[Finding, ...]]:
    """Return the findings of models by shown instance UID, in a session with them; empty in one without."""
    with platform.database.read(platform.tenant) as tx:
        case = open_case(tx, subject, case_id)
        if not store.get_session(tx, case.session_id).with_ai:
            return {}
        found: dict[str, list[Finding]] = {}
        for finding in findings_of_study(tx, case.study_uid):
            found.setdefault(shown_uid(case_id, finding.sop_instance_uid), []).append(finding)
    return {uid: tuple(findings) for uid, findings in found.items()}


def _images(tx: Connection, case: TrainingCase) -> list[Instance]:
    return [instance for instance in list_instances(tx, case.study_uid, where=not_rejected()) if instance.pixels is not None]


def _may_be_shown(attributes: Dataset) -> bool:
    """Tell whether the pixels are free of identity as far as the object says: no annotation burned in, no capture."""
    image_type = [str(part) for part in attributes.get("ImageType", [])]
    is_capture = len(image_type) > 1 and image_type[1] == "SECONDARY"
    is_burned = attributes.get("BurnedInAnnotation") == "YES"
    return not is_capture and not is_burned and str(attributes.get("Modality", "")) not in _HIDDEN_MODALITIES
