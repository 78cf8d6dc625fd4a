"""Write a DICOMDIR (PS3.3 annex F, PS3.10 8.6): the directory of a file-set, patient by patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from struct import Struct
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.formats.dicom.files import PYDICOM_FAULTS, encode_data_set, file_head
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_ITEM_HEADER: Final = Struct("<HHL")
_ITEM: Final = (0xFFFE, 0xE000)
_SEQUENCE_HEADER: Final = Struct("<HH2sHL")

# Record types of PS3.3 F.4 by the beginning of the storage class; images are those with pixels, whatever their class.
_RECORD_TYPES: Final = (
    (_STORAGE + "88.59", "KEY OBJECT DOC"),
    (_STORAGE + "88.", "SR DOCUMENT"),
    (_STORAGE + "104.", "ENCAP DOC"),
    (_STORAGE + "11.", "PRESENTATION"),
    (_STORAGE + "9.", "WAVEFORM"),
    (_STORAGE + "481.3", "RT STRUCTURE SET"),
    (_STORAGE + "481.5", "RT PLAN"),
    (_STORAGE + "66.1", "REGISTRATION"),
    (_STORAGE + "66.2", "FIDUCIAL"),
)
# What a record of each type says beside its number; the value stands for one that is required and was not sent.
_DATED: Final = (("ContentDate", "19000101"), ("ContentTime", "000000"))
_KEYS: Final[dict[str, tuple[tuple[str, object], ...]]] = {
    "IMAGE": (),
    "KEY OBJECT DOC": (*_DATED, ("ConceptNameCodeSequence", [])),
    "SR DOCUMENT": (
        ("CompletionFlag", "COMPLETE"),
        ("VerificationFlag", "UNVERIFIED"),
        *_DATED,
        ("VerificationDateTime", None),
        ("ConceptNameCodeSequence", []),
    ),
    "ENCAP DOC": (
        ("ContentDate", ""),
        ("ContentTime", ""),
        ("DocumentTitle", ""),
        ("MIMETypeOfEncapsulatedDocument", "application/octet-stream"),
        ("ConceptNameCodeSequence", []),
    ),
    "PRESENTATION": (
        ("PresentationCreationDate", "19000101"),
        ("PresentationCreationTime", "000000"),
        ("ContentLabel", "UNNAMED"),
        ("ContentDescription", ""),
    ),
    "WAVEFORM": _DATED,
    "RT STRUCTURE SET": (("StructureSetLabel", "UNNAMED"), ("StructureSetDate", ""), ("StructureSetTime", "")),
    "RT PLAN": (("RTPlanLabel", "UNNAMED"), ("RTPlanDate", ""), ("RTPlanTime", "")),
    "REGISTRATION": (*_DATED, ("ContentLabel", "UNNAMED"), ("ContentDescription", "")),
    "FIDUCIAL": (*_DATED, ("ContentLabel", "UNNAMED"), ("ContentDescription", "")),
}
_UPPER_KEYS: Final[dict[str, tuple[tuple[str, object], ...]]] = {
    "PATIENT": (("PatientName", ""), ("PatientID", "UNKNOWN"), ("PatientBirthDate", None), ("PatientSex", None)),
    "STUDY": (
        ("StudyDate", "19000101"),
        ("StudyTime", "000000"),
        ("StudyDescription", ""),
        ("StudyInstanceUID", None),
        ("StudyID", "0"),
        ("AccessionNumber", ""),
    ),
    "SERIES": (("Modality", "OT"), ("SeriesInstanceUID", None), ("SeriesNumber", "0"), ("SeriesDescription", None)),
}


@dataclass(slots=True)
class _Record:
    kind: str
    keys: Dataset
    children: list[_Record] = field(default_factory=list)
    offset: int = 0

    def walk(self) -> Iterable[_Record]:
        """Yield this record and all below it, parents first."""
        waiting = [self]
        while waiting:
            record = waiting.pop()
            yield record
            waiting.extend(reversed(record.children))


class MediaDirectory:
    """Collect what the directory says of each file, then encode it. Only the keys are kept, not the headers."""

    def __init__(self, file_set_id: str) -> None:
        self._file_set_id = file_set_id
        self._patients: list[_Record] = []
        self._known: dict[tuple[str, ...], _Record] = {}

    def add(self, header: Dataset, *, file_id: Sequence[str], transfer_syntax_uid: str) -> bool:
        """Name a file by the components of its path; False for an object that no record type fits: it stays unnamed."""
        kind = _record_type(header)
        if kind is None:
            return False
        series = self._series_of(header)
        keys = _keys_of(header, (*_KEYS[kind], ("InstanceNumber", str(len(series.children) + 1))))
        keys.ReferencedFileID = list(file_id)
        keys.ReferencedSOPClassUIDInFile = str(header.SOPClassUID)
        keys.ReferencedSOPInstanceUIDInFile = str(header.SOPInstanceUID)
        keys.ReferencedTransferSyntaxUIDInFile = transfer_syntax_uid
        series.children.append(_Record(kind, keys))
        return True

    def encode(self, *, instance_uid: str) -> bytes:
        """Return the DICOMDIR as a Part 10 file, in explicit VR little endian as PS3.10 8.6 wants it."""
        head = file_head(
            sop_class_uid=MEDIA_STORAGE_DIRECTORY,
            sop_instance_uid=instance_uid,
            transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        )
        records = [record for patient in self._patients for record in patient.walk()]
        # Offsets have a fixed width: a first encoding tells where each record will stand.
        position = len(head) + len(self._prologue()) + _SEQUENCE_HEADER.size
        for record in records:
            record.offset = position
            position += _ITEM_HEADER.size + len(_encoded(record, 0))
        following = _following(self._patients)
        items = b"".join(_item(_encoded(record, following.get(id(record), 0))) for record in records)
        return head + self._prologue() + _SEQUENCE_HEADER.pack(0x0004, 0x1220, b"SQ", 0, len(items)) + items

    def _prologue(self) -> bytes:
        prologue = Dataset()
        prologue.FileSetID = self._file_set_id
        prologue.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = self._patients[0].offset if self._patients else 0
        prologue.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = self._patients[-1].offset if self._patients else 0
        prologue.FileSetConsistencyFlag = 0
        return encode_data_set(prologue)

    def _series_of(self, header: Dataset) -> _Record:
        patient = (str(header.get("PatientID", "")), str(header.get("IssuerOfPatientID", "")))
        study = (*patient, str(header.StudyInstanceUID))
        series = (*study, str(header.SeriesInstanceUID))
        above = self._find(patient, "PATIENT", header, self._patients)
        above = self._find(study, "STUDY", header, above.children)
        return self._find(series, "SERIES", header, above.children)

    def _find(self, key: tuple[str, ...], kind: str, header: Dataset, siblings: list[_Record]) -> _Record:
        record = self._known.get(key)
        if record is None:
            record = self._known[key] = _Record(kind, _keys_of(header, _UPPER_KEYS[kind]))
            siblings.append(record)
        return record


def _record_type(header: Dataset) -> str | None:
    sop_class = str(header.get("SOPClassUID", ""))
    for beginning, kind in _RECORD_TYPES:
        if sop_class.startswith(beginning):
            return kind
    return "IMAGE" if "Rows" in header and "Columns" in header else None


def _keys_of(header: Dataset, wanted: Iterable[tuple[str, object]]) -> Dataset:
    """Return the values sent, and what stands for those that a record must have; None stands for nothing at all."""
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    for keyword, default in wanted:
        try:
            value = header.get(keyword)
        except PYDICOM_FAULTS:
            value = None
        if value is None or value == "" or (isinstance(value, Sequence) and len(value) == 0):
            value = default
        if value is not None:
            setattr(keys, keyword, value)
    return keys


def _following(roots: list[_Record]) -> dict[int, int]:
    """Return for each record the offset of the next one at its level, 0 after the last."""
    following: dict[int, int] = {}
    waiting = [roots]
    while waiting:
        siblings = waiting.pop()
        for record, after in pairwise(siblings):
            following[id(record)] = after.offset
        waiting.extend(record.children for record in siblings)
    return following


def _encoded(record: _Record, following: int) -> bytes:
    place = Dataset()
    place.OffsetOfTheNextDirectoryRecord = following
    place.RecordInUseFlag = 0xFFFF
    place.OffsetOfReferencedLowerLevelDirectoryEntity = record.children[0].offset if record.children else 0
    place.DirectoryRecordType = record.kind
    place.update(record.keys)
    return encode_data_set(place)


def _item(content: bytes) -> bytes:
    return _ITEM_HEADER.pack(*_ITEM, len(content)) + content
