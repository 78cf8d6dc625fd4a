"""The attributes by which the archive is searched and which it answers, at each level (PS3.4 C.6, PS3.18 10.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from enum import Enum, StrEnum
from typing import Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from sqlalchemy import ColumnElement, Integer, cast, func, select

from negatoscope.archive.study_store import instance_count, series_count, series_instance_count
from negatoscope.archive.tables import instances, series, studies

Value = str | int
Format = Callable[[object], list[Value]]


class Level(StrEnum):
    """Query/Retrieve Level (0008,0052)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"

    @property
    def depth(self) -> int:
        """Count the levels above this one."""
        return list(Level).index(self)


class Matching(Enum):
    """How a key is compared (PS3.4 C.2.2.2)."""

    UID = "uid"
    TEXT = "text"
    NAME = "name"
    DATE = "date"
    TIME = "time"
    INTEGER = "integer"
    ANY_OF = "any_of"
    REQUEST = "request"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute: where its value lies, where it is compared, and how both are done."""

    keyword: str
    level: Level
    value: ColumnElement[object]
    matching: Matching
    key: ColumnElement[object]
    is_default: bool
    format: Format
    vr: str
    tag: str


def tag_of(keyword: str) -> str:
    """Return the tag of a keyword in eight hexadecimal digits."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError("not a keyword of the dictionary")
    return f"{tag:08X}"


def _plain(value: object) -> list[Value]:
    if value is None or value == "":
        return []
    return [value if isinstance(value, int) else str(value)]


def _date(value: object) -> list[Value]:
    return [value.isoformat().replace("-", "")] if isinstance(value, date) else []


def _time(value: object) -> list[Value]:
    if not isinstance(value, time):
        return []
    return [value.isoformat().replace(":", "")]


def _many(value: object) -> list[Value]:
    return [str(entry) for entry in value] if isinstance(value, list) else []


def _whole(value: object) -> list[Value]:
    return []


_FORMATS: Final = {Matching.DATE: _date, Matching.TIME: _time, Matching.ANY_OF: _many, Matching.REQUEST: _whole}
_ATTRIBUTES: dict[str, Attribute] = {}


def _add(
    level: Level,
    keyword: str,
    value: ColumnElement[object] | object,
    matching: Matching = Matching.TEXT,
    *,
    key: object = None,
    default: bool = False,
    form: Format | None = None,
) -> None:
    column: ColumnElement[object] = value  # type: ignore[assignment]  # columns of several types meet in one table
    compared: ColumnElement[object] = column if key is None else key  # type: ignore[assignment]  # as above
    _ATTRIBUTES[keyword] = Attribute(
        keyword=keyword,
        level=level,
        value=column,
        matching=matching,
        key=compared,
        is_default=default,
        format=form or _FORMATS.get(matching, _plain),
        vr=str(dictionary_VR(keyword)),
        tag=tag_of(keyword),
    )


def _pixel_value(name: str) -> ColumnElement[int]:
    return cast(instances.c.pixels[name].as_string(), Integer)


def _classes_in_study() -> ColumnElement[object]:
    same = instances.c.study_uid == studies.c.study_uid
    return select(func.array_agg(instances.c.sop_class_uid.distinct())).where(same).correlate(studies).scalar_subquery()


def _of_patient(table: object) -> ColumnElement[int]:
    others = studies.alias("studies_of_patient")
    query = select(func.count()).where(others.c.patient_id == studies.c.patient_id)
    if table is not studies:
        part = series if table is series else instances
        query = query.where(part.c.study_uid == others.c.study_uid)
    return query.correlate(studies).scalar_subquery()


_S, _R, _I = studies.c, series.c, instances.c
_add(Level.PATIENT, "PatientName", _S.patient_name, Matching.NAME, key=_S.patient_name_key, default=True)
_add(Level.PATIENT, "PatientID", _S.patient_identifier, default=True)
_add(Level.PATIENT, "IssuerOfPatientID", _S.patient_issuer)
_add(Level.PATIENT, "PatientBirthDate", _S.patient_birth_date, Matching.DATE, default=True)
_add(Level.PATIENT, "PatientSex", _S.patient_sex, default=True)
_add(Level.PATIENT, "NumberOfPatientRelatedStudies", _of_patient(studies), Matching.NONE)
_add(Level.PATIENT, "NumberOfPatientRelatedSeries", _of_patient(series), Matching.NONE)
_add(Level.PATIENT, "NumberOfPatientRelatedInstances", _of_patient(instances), Matching.NONE)

_add(Level.STUDY, "StudyInstanceUID", _S.study_uid, Matching.UID, default=True)
_add(Level.STUDY, "StudyDate", _S.study_date, Matching.DATE, default=True)
_add(Level.STUDY, "StudyTime", _S.study_time, Matching.TIME, default=True)
_add(Level.STUDY, "AccessionNumber", _S.accession_number, default=True)
_add(Level.STUDY, "StudyID", _S.study_identifier, default=True)
_add(Level.STUDY, "StudyDescription", _S.study_description, default=True)
_add(
    Level.STUDY,
    "ReferringPhysicianName",
    _S.referring_physician,
    Matching.NAME,
    key=_S.referring_physician_key,
    default=True,
)
_add(Level.STUDY, "TimezoneOffsetFromUTC", _S.timezone_offset, Matching.NONE, default=True)
_add(Level.STUDY, "ModalitiesInStudy", _S.modalities, Matching.ANY_OF, default=True)
_add(Level.STUDY, "SOPClassesInStudy", _classes_in_study(), Matching.NONE, form=_many)
_add(Level.STUDY, "NumberOfStudyRelatedSeries", series_count(), Matching.NONE, default=True)
_add(Level.STUDY, "NumberOfStudyRelatedInstances", instance_count(), Matching.NONE, default=True)

_add(Level.SERIES, "SeriesInstanceUID", _R.series_uid, Matching.UID, default=True)
_add(Level.SERIES, "Modality", _R.modality, default=True)
_add(Level.SERIES, "SeriesNumber", _R.series_number, Matching.INTEGER, default=True)
_add(Level.SERIES, "SeriesDescription", _R.series_description, default=True)
_add(Level.SERIES, "SeriesDate", _R.series_date, Matching.DATE)
_add(Level.SERIES, "SeriesTime", _R.series_time, Matching.TIME)
_add(Level.SERIES, "BodyPartExamined", _R.body_part)
_add(Level.SERIES, "Laterality", _R.laterality)
_add(Level.SERIES, "ProtocolName", _R.protocol_name)
_add(Level.SERIES, "StationName", _R.station_name)
_add(Level.SERIES, "InstitutionName", _R.institution_name)
_add(Level.SERIES, "Manufacturer", _R.manufacturer)
_add(Level.SERIES, "ManufacturerModelName", _R.model_name)
_add(Level.SERIES, "OperatorsName", _R.operators_name, Matching.NONE)
_add(Level.SERIES, "PerformedProcedureStepID", _R.performed_step_identifier)
_add(Level.SERIES, "RequestAttributesSequence", _R.requests, Matching.REQUEST, default=True)
_add(Level.SERIES, "NumberOfSeriesRelatedInstances", series_instance_count(), Matching.NONE, default=True)

_add(Level.IMAGE, "SOPInstanceUID", _I.sop_instance_uid, Matching.UID, default=True)
_add(Level.IMAGE, "SOPClassUID", _I.sop_class_uid, Matching.UID, default=True)
_add(Level.IMAGE, "InstanceNumber", _I.instance_number, Matching.INTEGER, default=True)
_add(Level.IMAGE, "Rows", _pixel_value("rows"), Matching.INTEGER, default=True)
_add(Level.IMAGE, "Columns", _pixel_value("columns"), Matching.INTEGER, default=True)
_add(Level.IMAGE, "BitsAllocated", _pixel_value("bits_allocated"), Matching.INTEGER, default=True)
_add(Level.IMAGE, "NumberOfFrames", _pixel_value("frames"), Matching.INTEGER, default=True)
_add(Level.IMAGE, "AvailableTransferSyntaxUID", _I.transfer_syntax_uid, Matching.UID)

ATTRIBUTES: Final[dict[str, Attribute]] = _ATTRIBUTES
CONSTANT_ATTRIBUTES: Final = {"SpecificCharacterSet": "ISO_IR 192", "InstanceAvailability": "ONLINE"}
REQUEST_KEYS: Final = {
    "ScheduledProcedureStepID": "scheduled_step_id",
    "RequestedProcedureID": "requested_procedure_id",
    "AccessionNumber": "accession_number",
    "StudyInstanceUID": "study_instance_uid",
}
UNIQUE_KEYS: Final = {
    Level.PATIENT: ("PatientID",),
    Level.STUDY: ("StudyInstanceUID",),
    Level.SERIES: ("StudyInstanceUID", "SeriesInstanceUID"),
    Level.IMAGE: ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
}


def level_of(keyword: str) -> Level | None:
    """Return the level to which an attribute belongs, None for one by which nothing is searched."""
    attribute = ATTRIBUTES.get(keyword)
    return attribute.level if attribute is not None else None
