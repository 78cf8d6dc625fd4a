"""What a C-MOVE or C-GET asks for: from its identifier to the objects, under the policy (PS3.4 C.4.2.1, C.4.3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from negatoscope.access.model import Subject
from negatoscope.archive.find import FindQuery, Level, find
from negatoscope.archive.open import OpenInstance, open_instances
from negatoscope.doors.dimse.finding import read_level
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.sop_classes import PATIENT_ROOT_GET, PATIENT_ROOT_MOVE
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

Path = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveRequest:
    """The identifier of a retrieval, understood. Only the last list that is given may have several values."""

    level: Level
    patient_identifier: str
    study_uids: tuple[str, ...]
    series_uids: tuple[str, ...]
    sop_instance_uids: tuple[str, ...]

    @property
    def is_hierarchical(self) -> bool:
        """Tell whether the unique keys above the level are there, so that nothing needs to be searched for."""
        above = {Level.SERIES: (self.study_uids,), Level.IMAGE: (self.study_uids, self.series_uids)}
        return all(above.get(self.level, ()))


def find_objects(platform: Platform, subject: Subject, message: Message) -> list[OpenInstance]:
    """Return the objects that a retrieval asks for; none where nothing matches or nothing may be known of."""
    identifier = decode_data_set(message.content, message.context.transfer_syntax)
    is_patient_root = message.context.abstract_syntax in {PATIENT_ROOT_MOVE, PATIENT_ROOT_GET}
    request = read_request(identifier, is_patient_root=is_patient_root, is_relational=message.context.options.is_relational)
    if request.level is Level.PATIENT:
        return [opened for uid in _studies_of_patient(platform, subject, request) for opened in _open(platform, subject, uid)]
    paths = list(_paths(request)) if request.is_hierarchical else _search_paths(platform, subject, request)
    return [opened for path in paths for opened in _open(platform, subject, *path)]


def read_request(identifier: Dataset, *, is_patient_root: bool, is_relational: bool = False) -> RetrieveRequest:
    """Return what the identifier asks; InvalidInput when the unique key of its level is absent or malformed."""
    level = read_level(identifier, is_patient_root=is_patient_root, is_relational=is_relational)
    request = RetrieveRequest(
        level=level,
        patient_identifier=text_of(identifier, "PatientID").strip(),
        study_uids=_uids(identifier, "StudyInstanceUID"),
        series_uids=_uids(identifier, "SeriesInstanceUID"),
        sop_instance_uids=_uids(identifier, "SOPInstanceUID"),
    )
    asked = {
        Level.PATIENT: request.patient_identifier,
        Level.STUDY: request.study_uids,
        Level.SERIES: request.series_uids,
        Level.IMAGE: request.sop_instance_uids,
    }[level]
    if not asked or any(wildcard in request.patient_identifier for wildcard in "*?"):
        raise InvalidInput("The unique key of the query level is absent.", reason="missing_unique_key")
    return request


def _uids(identifier: Dataset, keyword: str) -> tuple[str, ...]:
    uids = tuple(uid.strip(" \0") for uid in text_of(identifier, keyword).split("\\") if uid.strip(" \0"))
    if not all(is_uid(uid) for uid in uids):
        raise InvalidInput("A unique identifier does not follow the DICOM grammar.", reason="bad_uid", field=keyword)
    return uids


def _search_paths(platform: Platform, subject: Subject, request: RetrieveRequest) -> list[Path]:
    """Find what a relational retrieval names without the keys above it."""
    keys = {"StudyInstanceUID": request.study_uids, "SeriesInstanceUID": request.series_uids}
    if request.level is Level.IMAGE:
        keys["SOPInstanceUID"] = request.sop_instance_uids
    filters = {keyword: "\\".join(uids) for keyword, uids in keys.items() if uids}
    with platform.database.read(platform.tenant) as tx:
        matches = find(tx, subject, FindQuery(level=request.level, filters=filters, with_defaults=False))
    return [(str(match.StudyInstanceUID), str(match.SeriesInstanceUID), match.get("SOPInstanceUID")) for match in matches]


def _paths(request: RetrieveRequest) -> Iterator[Path]:
    match request.level:
        case Level.STUDY:
            yield from ((study, None, None) for study in request.study_uids)
        case Level.SERIES:
            yield from ((request.study_uids[0], series, None) for series in request.series_uids)
        case _:
            study, series = request.study_uids[0], request.series_uids[0]
            yield from ((study, series, instance) for instance in request.sop_instance_uids)


def _open(
    platform: Platform, subject: Subject, study_uid: str, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> list[OpenInstance]:
    try:
        return open_instances(platform, subject, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid)
    except NotFound:
        return []


def _studies_of_patient(platform: Platform, subject: Subject, request: RetrieveRequest) -> list[str]:
    query = FindQuery(level=Level.STUDY, filters={"PatientID": request.patient_identifier}, with_defaults=False)
    with platform.database.read(platform.tenant) as tx:
        return [str(study.StudyInstanceUID) for study in find(tx, subject, query)]
