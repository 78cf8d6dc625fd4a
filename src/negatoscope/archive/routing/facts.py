"""What conditions look at: the values of one object, from the index where it has them and else from its header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from sqlalchemy import Connection

from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance, Series, SourceKind, Study
from negatoscope.archive.routing.conditions import SOURCE
from negatoscope.archive.study_store import get_study, list_series
from negatoscope.platform.runtime import Platform

FILE_META: Final = frozenset({"MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID"})


class ObjectFacts:
    """The values of one object. Its header is read when a condition first asks for what the index does not hold."""

    def __init__(self, platform: Platform, study: Study, series: Series, instance: Instance) -> None:
        self.instance = instance
        self._platform = platform
        self._indexed = {**_of_study(study), **_of_series(series), **_of_instance(instance)}
        self._header: Dataset | None = None

    def values(self, keyword: str) -> tuple[str, ...]:
        """Return the values of an attribute as DICOM writes them, () where the object has none."""
        if keyword in self._indexed:
            return self._indexed[keyword]
        if keyword in FILE_META:
            return ()
        if self._header is None:
            self._header = read_attributes(self._platform, self.instance)
        return _texts(self._header.get(keyword))


class StudyFacts:
    """A study with its series, out of which the facts of each of its objects are made."""

    def __init__(self, platform: Platform, tx: Connection, study_uid: str) -> None:
        self.study = get_study(tx, study_uid)
        self._platform = platform
        self._series: Mapping[str, Series] = {str(one.series_uid): one for one in list_series(tx, study_uid)}

    def of(self, instance: Instance) -> ObjectFacts:
        """Return the facts of one object."""
        return ObjectFacts(self._platform, self.study, self._series[str(instance.series_uid)], instance)


def source_application(source: str) -> str:
    """Return the AE title from which an object came by DICOM; '' for what came another way."""
    kind, _, name = source.partition(":")
    return name if kind == SourceKind.DIMSE.value else ""


def _of_study(study: Study) -> dict[str, tuple[str, ...]]:
    """Only what is now on record of the patient: where a correction was made, the header still says otherwise."""
    return {
        "StudyInstanceUID": (study.study_uid,),
        "PatientID": (study.patient_identifier,),
        "IssuerOfPatientID": (study.patient_issuer,),
        "PatientName": (study.patient_name,),
        "PatientSex": (study.patient_sex,),
        "PatientBirthDate": (f"{study.patient_birth_date:%Y%m%d}",) if study.patient_birth_date else (),
        "AccessionNumber": (study.accession_number,),
        "StudyDescription": (study.study_description,),
        "StudyDate": (f"{study.study_date:%Y%m%d}",) if study.study_date else (),
        "ReferringPhysicianName": (study.referring_physician,),
        "ModalitiesInStudy": study.modalities,
    }


def _of_series(series: Series) -> dict[str, tuple[str, ...]]:
    return {
        "SeriesInstanceUID": (series.series_uid,),
        "Modality": (series.modality,),
        "SeriesDescription": (series.series_description,),
        "BodyPartExamined": (series.body_part,),
        "ProtocolName": (series.protocol_name,),
        "StationName": (series.station_name,),
        "InstitutionName": (series.institution_name,),
        "Manufacturer": (series.manufacturer,),
        "ManufacturerModelName": (series.model_name,),
    }


def _of_instance(instance: Instance) -> dict[str, tuple[str, ...]]:
    return {
        "SOPInstanceUID": (instance.sop_instance_uid,),
        "SOPClassUID": (instance.sop_class_uid,),
        "TransferSyntaxUID": (instance.transfer_syntax_uid,),
        SOURCE: (source_application(instance.source),),
    }


def _texts(value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, bytes):
        return ()
    if isinstance(value, (MultiValue, list, tuple)):
        return tuple(str(part) for part in value)
    return (str(value),)
