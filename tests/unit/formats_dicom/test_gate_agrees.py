"""What the gate finds is what pydicom finds, on generated data sets and on files of many makers."""

from __future__ import annotations

import itertools
from datetime import date, datetime

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.attributes import Code, ForeignIdentifier, InstanceAttributes
from negatoscope.formats.dicom.gate import Gate, judge
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.formats.dicom.verdict import Verdict
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes, part10_bytes, sample_files
from tests.paths import SHARED, needs_shared

SYNTAXES = [
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
]


def attributes_of(data: bytes, syntax: str | None = EXPLICIT_VR_LITTLE_ENDIAN) -> InstanceAttributes:
    verdict = judge(data, syntax)
    assert verdict.accepted, verdict.refusal
    assert verdict.attributes is not None
    return verdict.attributes


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_attributes_of_a_dx_image_in_each_syntax(syntax: str) -> None:
    data_set = a_dx_image()
    found = attributes_of(bare_bytes(data_set, syntax), syntax)
    assert found.patient_name == "Éluard^Zoé"
    assert (found.patient_id, found.issuer_of_patient_id) == ("SYN-0001", "NEGATOSCOPE")
    assert found.patient_birth_date == date(1970, 1, 2)
    assert found.acquired_at == datetime(2026, 1, 2, 10, 15, 30, 250000)  # noqa: DTZ001 - as sent, without zone
    assert found.study_instance_uid == data_set.StudyInstanceUID
    assert found.accession_number == "ACC0001"
    assert found.requests[0].requested_procedure_id == "RP1"
    assert found.requests[0].scheduled_step_id == "SPS1"
    assert found.patient_orientation == ("L", "F")
    assert found.imager_pixel_spacing_mm == (0.139, 0.139)
    assert found.exposure.kvp_kv == 125
    assert found.exposure.exposure_mas == 1.6
    assert found.exposure.dose_area_product_dgy_cm2 == 0.85
    assert found.exposure.deviation_index == 0.9
    assert found.pixels is not None
    assert (found.pixels.rows, found.pixels.columns, found.pixels.bits_stored) == (64, 48, 12)
    assert found.pixels.photometric_interpretation == "MONOCHROME2"
    assert not found.pixels.is_signed
    assert found.frames == 1


def test_codes_and_issuers_are_read_from_their_sequences() -> None:
    def coded(value: str, scheme: str, meaning: str) -> Sequence:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
        return Sequence([item])

    issuer, other = Dataset(), Dataset()
    issuer.LocalNamespaceEntityID = "RIS"
    issuer.UniversalEntityID = "1.2.250.1.1"
    other.PatientID, other.IssuerOfPatientID = "INS-1", "INS"
    data_set = a_dx_image(
        ViewCodeSequence=coded("399348003", "SCT", "antero-posterior"),
        AnatomicRegionSequence=coded("51185008", "SCT", "Chest"),
        ProcedureCodeSequence=coded("24627-2", "LN", "Chest CT"),
        IssuerOfAccessionNumberSequence=Sequence([issuer]),
        IssuerOfPatientIDQualifiersSequence=Sequence([issuer]),
        OtherPatientIDsSequence=Sequence([other]),
    )
    found = attributes_of(bare_bytes(data_set))
    assert found.view_code == Code(value="399348003", scheme="SCT", meaning="antero-posterior")
    assert found.anatomic_region == Code(value="51185008", scheme="SCT", meaning="Chest")
    assert found.procedure_code == Code(value="24627-2", scheme="LN", meaning="Chest CT")
    assert found.issuer_of_accession_number == "RIS"
    assert found.issuer_of_accession_number_universal == "1.2.250.1.1"
    assert found.issuer_of_patient_id_universal == "1.2.250.1.1"
    assert found.other_patient_ids == (ForeignIdentifier(value="INS-1", issuer="INS"),)


def test_an_item_deeper_down_is_not_taken_for_the_top() -> None:
    inner = Dataset()
    inner.PatientID, inner.Rows, inner.AccessionNumber = "WRONG", 9, "WRONG"
    data_set = a_ct_slice(ReferencedStudySequence=Sequence([inner]))
    found = attributes_of(bare_bytes(data_set))
    assert (found.patient_id, found.accession_number) == ("SYN-0001", "ACC0001")
    assert found.pixels is not None
    assert found.pixels.rows == 32


@pytest.mark.parametrize("chunk", [1, 3, 7, 64, 1000, 1 << 20])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_verdict_does_not_depend_on_how_the_bytes_are_cut(syntax: str, chunk: int) -> None:
    data = part10_bytes(a_dx_image(rows=8, columns=8), syntax)
    gate = Gate()
    for at in range(0, len(data), chunk):
        gate.feed(data[at : at + chunk])
    assert gate.finish() == judge(data)


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_the_pixel_span_locates_the_pixels(syntax: str) -> None:
    data_set = a_ct_slice()
    data = part10_bytes(data_set, syntax)
    verdict = judge(data)
    span = verdict.pixel_data
    assert span is not None
    assert data[span.offset : span.offset + span.length] == data_set.PixelData
    assert len(data) == span.offset + span.length
    assert verdict.header == data[verdict.data_set_offset : verdict.header_end]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_identity_is_known_as_soon_as_the_bytes_tell(syntax: str) -> None:
    data_set = a_ct_slice()
    data = part10_bytes(data_set, syntax)
    gate = Gate()
    gate.feed(data[:132])
    early = gate.identity
    gate.feed(data[132:])
    identity = gate.identity
    assert early is None
    assert identity is not None
    assert identity.transfer_syntax_uid == syntax
    assert identity.sop_class_uid == data_set.SOPClassUID
    assert identity.sop_instance_uid == data_set.SOPInstanceUID
    assert data[identity.data_set_offset :] == bare_bytes(data_set, syntax)


text_values = st.text(alphabet="ABCXYZabcéàç 0123456789-_.", max_size=16).map(str.strip)
private_values = st.binary(max_size=40).map(lambda value: value + b"\0" * (len(value) & 1))


@st.composite
def items(draw: st.DrawFn, depth: int = 0) -> Dataset:
    item = Dataset()
    for keyword in draw(st.lists(st.sampled_from(["CodeValue", "CodeMeaning", "PatientID", "AccessionNumber"]), unique=True)):
        setattr(item, keyword, draw(text_values))
    if draw(st.booleans()):
        item.add_new(0x00091010, "UN", draw(private_values))
    if depth < 3 and draw(st.booleans()):
        item.RequestAttributesSequence = Sequence(draw(st.lists(items(depth=depth + 1), max_size=2)))
        item["RequestAttributesSequence"].is_undefined_length = draw(st.booleans())
        for inner in item.RequestAttributesSequence:
            inner.is_undefined_length_sequence_item = draw(st.booleans())
    return item


@st.composite
def data_sets(draw: st.DrawFn) -> Dataset:
    data_set = a_ct_slice(rows=draw(st.integers(1, 5)), columns=draw(st.integers(1, 5)))
    for keyword in ("PatientID", "PatientName", "AccessionNumber", "StudyDescription", "SeriesDescription", "StationName"):
        if draw(st.booleans()):
            setattr(data_set, keyword, draw(text_values))
    extra = draw(items())
    for element in extra:
        data_set.add(element)
    return data_set


@settings(max_examples=60, deadline=None)
@given(data_set=data_sets(), syntax=st.sampled_from(SYNTAXES), chunk=st.integers(1, 500))
def test_generated_data_sets_are_accepted_with_pydicoms_values(data_set: Dataset, syntax: str, chunk: int) -> None:
    data = bare_bytes(data_set, syntax)
    gate = Gate(syntax)
    for at in range(0, len(data), chunk):
        gate.feed(data[at : at + chunk])
    verdict = gate.finish()
    assert verdict.accepted, verdict.refusal
    assert_agrees(verdict, data_set)


SOUND = {syntax: part10_bytes(a_dx_image(rows=2, columns=2), syntax) for syntax in SYNTAXES}
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(syntax=st.sampled_from(SYNTAXES), changed=changes)
def test_a_changed_byte_never_raises(syntax: str, changed: list[tuple[float, int]]) -> None:
    mutable = bytearray(SOUND[syntax])
    for place, value in changed:
        mutable[132 + int(place * (len(mutable) - 132))] = value
    verdict = judge(bytes(mutable))
    assert verdict.accepted == (verdict.refusal is None)


def assert_agrees(verdict: Verdict, read: Dataset) -> None:
    found = verdict.attributes
    assert found is not None

    def first(keyword: str) -> str:
        value = read.get(keyword)
        if value is None or value == "":
            return ""
        if isinstance(value, pydicom.multival.MultiValue):
            value = value[0] if len(value) else ""
        return str(value).strip()

    assert found.sop_instance_uid == first("SOPInstanceUID")
    assert found.study_instance_uid == first("StudyInstanceUID")
    assert found.series_instance_uid == first("SeriesInstanceUID")
    assert found.patient_id == first("PatientID")
    assert found.patient_name.rstrip("^=") == first("PatientName").rstrip("^=")
    assert found.accession_number == first("AccessionNumber")
    assert found.study_description == first("StudyDescription")
    assert found.series_description == first("SeriesDescription")
    assert found.station_name == first("StationName")
    assert found.modality == first("Modality")
    requests = read.get("RequestAttributesSequence") or []
    assert len(found.requests) == len(requests)
    for ours, theirs in zip(found.requests, requests, strict=True):
        assert ours.accession_number == str(theirs.get("AccessionNumber", "")).strip()
    if found.pixels is not None:
        assert found.pixels.rows == read.Rows
        assert found.pixels.columns == read.Columns
        assert found.pixels.bits_stored == read.get("BitsStored", read.BitsAllocated)
        assert found.pixels.frames == int(read.get("NumberOfFrames") or 1)


def test_pydicoms_own_files_agree() -> None:
    accepted = 0
    for path in sample_files():
        data = path.read_bytes()
        verdict = judge(data)
        if verdict.accepted:
            assert_agrees(verdict, pydicom.dcmread(path))
            accepted += 1
    assert accepted > 100


@needs_shared
def test_real_radiographs_are_accepted_and_agree() -> None:
    files = sorted((SHARED / "data" / "xray" / "dicom").glob("*.dcm"))
    verdicts = {path: judge(path.read_bytes()) for path in files}
    assert [path.name for path, verdict in verdicts.items() if not verdict.accepted] == []
    for path, verdict in verdicts.items():
        assert_agrees(verdict, pydicom.dcmread(path))
        span = verdict.pixel_data
        assert span is not None
        if span.encapsulated:
            encapsulated = path.read_bytes()[span.offset : span.offset + span.length]
            frames = list(itertools.islice(pydicom.encaps.generate_fragments(encapsulated), 1, None))
            assert [len(frame) for frame in frames] == [fragment.length for fragment in span.fragments]
