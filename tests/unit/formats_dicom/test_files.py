"""Part 10 heads that others can read, and data sets out of kept bytes."""

from __future__ import annotations

import io

import pytest
from pydicom.filereader import dcmread

from negatoscope.formats.dicom.files import (
    data_set_from_header,
    encode_data_set,
    encode_file,
    file_head,
    read_file,
    zero_preamble,
)
from negatoscope.formats.dicom.gate import judge
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.platform.errors import CorruptObject
from tests.builders.dicom import a_ct_slice, bare_bytes, part10_bytes

SYNTAXES = [
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_head_and_bare_data_set_make_a_file(syntax: str) -> None:
    data_set = a_ct_slice()
    head = file_head(
        sop_class_uid=str(data_set.SOPClassUID),
        sop_instance_uid=str(data_set.SOPInstanceUID),
        transfer_syntax_uid=syntax,
        source_ae_title="CT_ROOM_1",
    )
    read = dcmread(io.BytesIO(head + bare_bytes(data_set, syntax)))
    assert read.file_meta.SourceApplicationEntityTitle == "CT_ROOM_1"
    assert read.file_meta.TransferSyntaxUID == syntax
    assert read.PatientName == data_set.PatientName
    assert judge(head + bare_bytes(data_set, syntax)).warnings == ()


def test_encoded_file_passes_the_gate_and_reads_back() -> None:
    data_set = a_ct_slice()
    encoded = encode_file(data_set)
    assert judge(encoded).accepted
    assert read_file(encoded) == data_set
    assert "PixelData" not in read_file(encoded, with_pixels=False)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_kept_header_reads_back_without_pixels(syntax: str) -> None:
    data_set = a_ct_slice()
    verdict = judge(bare_bytes(data_set, syntax), syntax)
    assert verdict.header is not None
    read = data_set_from_header(verdict.header, syntax)
    del data_set.PixelData
    assert encode_data_set(read) == encode_data_set(data_set)


@pytest.mark.parametrize("size", [1, 50, 127, 128, 129, 1000])
def test_zero_preamble_clears_exactly_the_preamble_in_pieces_of_any_size(size: int) -> None:
    received = part10_bytes(a_ct_slice(), preamble=b"MZ" * 64)
    kept = b"".join(zero_preamble(received[at : at + size], at) for at in range(0, len(received), size))
    assert kept == bytes(128) + received[128:]


def test_unreadable_bytes_are_a_corrupt_object() -> None:
    with pytest.raises(CorruptObject):
        read_file(b"nonsense")


def test_a_header_is_read_in_its_own_syntax_even_if_it_looks_like_another() -> None:
    # The length of this first element, read as text, is the representation "CS".
    disguised = b"\x08\0\x01\0" + b"CS\x01\0" + b"x" * 0x15343
    data_set = a_ct_slice()
    encoded = disguised + bare_bytes(data_set, IMPLICIT_VR_LITTLE_ENDIAN)
    verdict = judge(encoded, IMPLICIT_VR_LITTLE_ENDIAN)
    assert verdict.accepted
    assert verdict.attributes is not None
    assert verdict.header is not None
    read = data_set_from_header(verdict.header, IMPLICIT_VR_LITTLE_ENDIAN)
    assert read.PatientID == verdict.attributes.patient_id == data_set.PatientID


def test_names_are_decoded_by_the_character_set_of_the_header() -> None:
    data_set = a_ct_slice(SpecificCharacterSet="ISO_IR 100", PatientName="Éluard^Zoé")
    del data_set.PixelData
    read = data_set_from_header(bare_bytes(data_set), EXPLICIT_VR_LITTLE_ENDIAN)
    assert str(read.PatientName) == "Éluard^Zoé"
    assert encode_data_set(read) == bare_bytes(data_set)
