"""Identifiers: what is read of a query, what is refused, and in which character set answers go out."""

from __future__ import annotations

import struct

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.archive.find import Level
from negatoscope.doors.dimse.finding import read_request
from negatoscope.doors.dimse.identifiers import decode_data_set, encode_answer
from negatoscope.doors.dimse.retrieval import read_request as read_retrieve_request
from negatoscope.platform.errors import InvalidInput
from tests.builders.dicom import bare_bytes, element

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def an_identifier(level: str = "STUDY", **keys: object) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_an_identifier_is_read_in_both_syntaxes(syntax: str) -> None:
    identifier = an_identifier(PatientName="Éluard^Zoé", StudyInstanceUID=["1.2", "1.3"], SpecificCharacterSet="ISO_IR 192")
    decoded = decode_data_set(bare_bytes(identifier, syntax), syntax)
    assert decoded.PatientName == "Éluard^Zoé"
    assert list(decoded.StudyInstanceUID) == ["1.2", "1.3"]


def nested(depth: int) -> bytes:
    """Encode sequences of undefined length in one another, explicit VR."""
    opening = element(0x00400100, b"SQ", b"", length=0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


@pytest.mark.parametrize(
    "content",
    [
        element(0x00100010, b"PN", b"A^B ", length=0x7FF0),
        nested(1000),
        element(0x00100020, b"LO", b"AAAA") + element(0x00100020, b"LO", b"BBBB"),
        b"\x08\x00",
    ],
    ids=["length", "depth", "twice", "cut"],
)
def test_a_malformed_identifier_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_data_set(content, EXPLICIT)


def test_the_keys_of_an_identifier_become_filters_sequences_by_their_items() -> None:
    item = Dataset()
    item.ScheduledProcedureStepID = "SPS1"
    identifier = an_identifier("SERIES", StudyInstanceUID="1.2", Modality="", RequestAttributesSequence=Sequence([item]))
    identifier.SpecificCharacterSet = "ISO_IR 100"
    request = read_request(identifier, is_patient_root=False)
    assert request.level is Level.SERIES
    assert request.character_set == "ISO_IR 100"
    assert request.query.filters == {
        "StudyInstanceUID": "1.2",
        "Modality": "",
        "RequestAttributesSequence": "",
        "RequestAttributesSequence.ScheduledProcedureStepID": "SPS1",
    }


@pytest.mark.parametrize(
    ("identifier", "is_patient_root"),
    [
        (an_identifier("PATIENT", PatientID="1"), False),
        (an_identifier("STUDY", StudyInstanceUID=""), True),
        (an_identifier("SERIES", StudyInstanceUID="1.2*", SeriesInstanceUID=""), False),
        (an_identifier("IMAGE", StudyInstanceUID="1.2", SOPInstanceUID=""), False),
        (Dataset(), True),
    ],
    ids=["no patient level", "patient absent", "wildcard above", "series absent", "no level"],
)
def test_an_identifier_outside_its_model_is_refused(identifier: Dataset, is_patient_root: bool) -> None:
    with pytest.raises(InvalidInput):
        read_request(identifier, is_patient_root=is_patient_root)


def test_a_retrieval_takes_several_uids_at_its_level() -> None:
    identifier = an_identifier("SERIES", StudyInstanceUID="1.2", SeriesInstanceUID=["1.3", "1.4"])
    request = read_retrieve_request(identifier, is_patient_root=False)
    assert (request.study_uids, request.series_uids) == (("1.2",), ("1.3", "1.4"))


@pytest.mark.parametrize(
    "keys",
    [{"StudyInstanceUID": ""}, {"StudyInstanceUID": "*"}, {"StudyInstanceUID": "1.2/../3"}, {}],
    ids=["empty", "universal", "grammar", "absent"],
)
def test_a_retrieval_without_a_unique_key_is_refused(keys: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        read_retrieve_request(an_identifier("STUDY", **keys), is_patient_root=False)


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("Eluard^Zoe", "ISO_IR 100", None),
        ("Éluard^Zoé", "ISO_IR 100", "ISO_IR 100"),
        ("Éluard^Zoé", "", "ISO_IR 192"),
        ("Œuvrard^Zoé", "ISO_IR 100", "ISO_IR 192"),
    ],
)
def test_the_character_set_of_an_answer_is_the_least_that_holds_it(name: str, asked: str, expected: str | None) -> None:
    item = Dataset()
    item.ScheduledPerformingPhysicianName = name
    answer = Dataset()
    answer.SpecificCharacterSet = "ISO_IR 192"
    answer.ScheduledProcedureStepSequence = Sequence([item])
    decoded = decode_data_set(encode_answer(answer, EXPLICIT, asked_character_set=asked), EXPLICIT)
    assert decoded.get("SpecificCharacterSet") == expected
    assert decoded.ScheduledProcedureStepSequence[0].ScheduledPerformingPhysicianName == name
