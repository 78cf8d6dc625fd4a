"""Hostile and broken objects: each is refused with its own reason, in bounded memory."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest

from negatoscope.formats.dicom.gate import Gate, judge
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_LS_LOSSLESS,
)
from negatoscope.formats.dicom.verdict import Flag, Refusal
from tests.builders.dicom import a_ct_slice, bare_bytes, element, identity_elements, part10_bytes

UNDEFINED = 0xFFFFFFFF
ITEM = b"\xfe\xff\x00\xe0"
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def refusal_of(data: bytes, syntax: str | None = EXPLICIT_VR_LITTLE_ENDIAN) -> Refusal | None:
    return judge(data, syntax).refusal


def nested(depth: int, *, defined: bool) -> bytes:
    inner = element(0x00080100, b"SH", b"CODE")
    for _ in range(depth):
        item = ITEM + (len(inner) if defined else UNDEFINED).to_bytes(4, "little") + inner + (b"" if defined else ITEM_END)
        inner = element(
            0x00400275, b"SQ", item + (b"" if defined else SEQUENCE_END), length=len(item) if defined else UNDEFINED
        )
    return inner


def image(rows: bytes = element(0x00280010, b"US", b"\x02\0"), pixels: bytes | None = None) -> bytes:
    return (
        identity_elements()
        + element(0x00280002, b"US", b"\x01\0")
        + element(0x00280004, b"CS", b"MONOCHROME2 ")
        + rows
        + element(0x00280011, b"US", b"\x02\0")
        + element(0x00280100, b"US", b"\x10\0")
        + element(0x00280101, b"US", b"\x0c\0")
        + element(0x00280102, b"US", b"\x0b\0")
        + element(0x00280103, b"US", b"\0\0")
        + (element(0x7FE00010, b"OW", b"\0" * 8) if pixels is None else pixels)
    )


def test_the_plain_objects_these_attacks_start_from_are_accepted() -> None:
    assert refusal_of(identity_elements()) is None
    assert refusal_of(image()) is None
    assert refusal_of(identity_elements() + nested(60, defined=False)) is None
    assert refusal_of(identity_elements() + nested(60, defined=True)) is None


@pytest.mark.parametrize("defined", [True, False])
def test_nesting_of_a_thousand_sequences_is_refused(defined: bool) -> None:
    assert refusal_of(identity_elements() + nested(1000, defined=defined)) is Refusal.DEPTH_LIMIT


def test_nesting_hidden_in_implicit_defined_lengths_is_refused() -> None:
    inner = b""
    for _ in range(1000):
        item = ITEM + len(inner).to_bytes(4, "little") + inner
        inner = b"\x40\0\x75\x02" + len(item).to_bytes(4, "little") + item
    start = bare_bytes(a_ct_slice(), IMPLICIT_VR_LITTLE_ENDIAN)
    head = start[: start.index(b"\x28\0\x02\0")]
    assert refusal_of(head + inner, IMPLICIT_VR_LITTLE_ENDIAN) is Refusal.DEPTH_LIMIT


def test_nesting_hidden_in_an_unknown_representation_is_refused() -> None:
    inner = b""
    for _ in range(100):
        item = ITEM + UNDEFINED.to_bytes(4, "little") + inner + ITEM_END
        inner = b"\x40\0\x75\x02" + UNDEFINED.to_bytes(4, "little") + item + SEQUENCE_END
    hidden = element(0x00400275, b"UN", inner[8:-8])
    assert refusal_of(identity_elements() + hidden) is Refusal.DEPTH_LIMIT


def test_a_length_of_two_gigabytes_with_three_bytes_behind_is_a_truncation() -> None:
    pixels = element(0x7FE00010, b"OW", b"abc", length=0x7FFFFFF0)
    assert refusal_of(image(pixels=pixels)) is Refusal.TRUNCATED


def test_a_value_longer_than_its_item_is_refused() -> None:
    bad = element(0x00080100, b"SH", b"AB", length=200)
    item = ITEM + len(bad).to_bytes(4, "little") + bad
    data = identity_elements() + element(0x00400275, b"SQ", item) + element(0x00401001, b"SH", b"x" * 300)
    assert refusal_of(data) is Refusal.LENGTH_EXCEEDS_PARENT


def test_an_item_longer_than_its_sequence_is_refused() -> None:
    item = ITEM + (1000).to_bytes(4, "little")
    assert refusal_of(identity_elements() + element(0x00400275, b"SQ", item)) is Refusal.LENGTH_EXCEEDS_PARENT


def test_rows_of_32_bits_are_refused() -> None:
    assert refusal_of(image(element(0x00280010, b"UL", (65537).to_bytes(4, "little")))) is Refusal.WRONG_VR


def test_rows_of_32_bits_are_refused_in_implicit_vr() -> None:
    data = bare_bytes(a_ct_slice(), IMPLICIT_VR_LITTLE_ENDIAN)
    at = data.index(b"\x28\0\x10\0")
    forged = data[:at] + b"\x28\0\x10\0\x04\0\0\0\x01\0\x01\0" + data[at + 10 :]
    assert refusal_of(forged, IMPLICIT_VR_LITTLE_ENDIAN) is Refusal.BAD_PIXEL_DESCRIPTION


@pytest.mark.parametrize("length", [0, 4, 6, 8 + 4098, 8 + 65536])
def test_pixels_of_another_size_are_refused(length: int) -> None:
    assert refusal_of(image(pixels=element(0x7FE00010, b"OW", b"\0" * length))) is Refusal.PIXEL_SIZE_MISMATCH


def test_zero_rows_are_refused() -> None:
    assert refusal_of(image(element(0x00280010, b"US", b"\0\0"))) is Refusal.BAD_PIXEL_DESCRIPTION


def test_pixels_without_their_description_are_refused() -> None:
    data = identity_elements() + element(0x7FE00010, b"OW", b"\0" * 8)
    assert refusal_of(data) is Refusal.MISSING_PIXEL_DESCRIPTION


def test_a_duplicate_patient_id_is_refused() -> None:
    data = identity_elements(PatientID=b"AAAA")
    at = data.index(b"\x20\0\x0d\0")
    assert refusal_of(data[:at] + element(0x00100020, b"LO", b"BBBB") + data[at:]) is Refusal.DUPLICATE_TAG


def test_a_duplicate_far_behind_is_refused() -> None:
    assert refusal_of(image() + element(0x00100020, b"LO", b"BBBB")) is Refusal.DUPLICATE_TAG


def test_a_second_pixel_data_is_refused() -> None:
    assert refusal_of(image() + element(0x7FE00010, b"OW", b"\0" * 8)) is Refusal.DUPLICATE_TAG


def test_an_executable_preamble_is_flagged_not_refused() -> None:
    verdict = judge(part10_bytes(a_ct_slice(), preamble=b"MZ" + b"\x90" * 126))
    assert verdict.accepted
    assert verdict.flags == {Flag.PREAMBLE_NOT_ZERO}
    assert judge(part10_bytes(a_ct_slice())).flags == frozenset()


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def test_a_deflate_bomb_is_refused_in_little_memory() -> None:
    filling = element(0x00420011, b"OB", bytes(200 << 20))
    bomb = deflated(identity_elements() + filling)
    del filling
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    gate = Gate(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    for start in range(0, len(bomb), 16384):
        gate.feed(bomb[start : start + 16384])
    verdict = gate.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict.refusal is Refusal.INFLATE_LIMIT
    assert peak < 16 << 20


def test_a_deflated_object_is_accepted_and_a_cut_one_is_not() -> None:
    data_set = a_ct_slice()
    data = bare_bytes(data_set, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    assert refusal_of(data, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is None
    assert refusal_of(data + b"\0", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is None
    assert refusal_of(data + b"hidden", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is Refusal.BAD_DEFLATE
    plain = bare_bytes(data_set, EXPLICIT_VR_LITTLE_ENDIAN)
    trailer = zlib.crc32(plain).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
    assert judge(data + trailer, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).warnings == ("gzip_trailer",)
    gate = Gate(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    for byte in data + trailer:
        gate.feed(bytes([byte]))
    assert gate.finish() == judge(data + trailer, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    assert refusal_of(data + trailer + b"x", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is Refusal.BAD_DEFLATE
    assert refusal_of(data + trailer[::-1], DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is Refusal.BAD_DEFLATE
    assert refusal_of(data[:-20], DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is Refusal.TRUNCATED
    assert refusal_of(b"\xff" * 100, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is Refusal.BAD_DEFLATE


@pytest.mark.parametrize(
    ("uid", "reason"),
    [
        (b"1.2/../../x\0", Refusal.BAD_UID),
        (b"1." + b"2" * 64, Refusal.BAD_UID),
        (b"1.02.3", Refusal.BAD_UID),
        (b"1.2\\1.3\0", Refusal.BAD_UID),
        (b"1.2\0\0\0", Refusal.BAD_UID),
        (b"1.2\r\n", Refusal.BAD_UID),
        (b"", Refusal.MISSING_UID),
        (b"\0\0", Refusal.BAD_UID),
        (b"  ", Refusal.MISSING_UID),
    ],
)
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"])
def test_bad_uids_are_refused(keyword: str, uid: bytes, reason: Refusal) -> None:
    assert refusal_of(identity_elements(**{keyword: uid})) is reason


def test_a_uid_padded_with_a_space_is_tolerated_and_noted() -> None:
    verdict = judge(identity_elements(StudyInstanceUID=b"1.2.3.2 "), EXPLICIT_VR_LITTLE_ENDIAN)
    assert verdict.accepted
    assert verdict.warnings == ("uid_space_padded",)
    assert verdict.attributes is not None
    assert verdict.attributes.study_instance_uid == "1.2.3.2"


def test_another_object_than_announced_is_refused() -> None:
    for gate, reason in (
        (Gate(EXPLICIT_VR_LITTLE_ENDIAN, sop_instance_uid="1.2.3.99"), Refusal.UID_MISMATCH),
        (Gate(EXPLICIT_VR_LITTLE_ENDIAN, sop_class_uid="1.2.3.99"), Refusal.SOP_CLASS_MISMATCH),
        (Gate(EXPLICIT_VR_LITTLE_ENDIAN, sop_class_uid="1.2.840.10008.5.1.4.1.1.2", sop_instance_uid="1.2.3.41"), None),
    ):
        gate.feed(identity_elements())
        assert gate.finish().refusal is reason


def test_file_meta_that_names_another_object_is_refused() -> None:
    data_set = a_ct_slice()
    data = part10_bytes(data_set)
    uid = str(data_set.SOPInstanceUID).encode()
    other = uid[:-1] + (b"1" if uid[-1:] != b"1" else b"2")
    assert refusal_of(data.replace(uid, other, 1), None) is Refusal.UID_MISMATCH


@pytest.mark.parametrize("name", [b"ISO 2022 IR 87\\GARBAGE ", b"NONSENSE", b"\xff\xfe\x00\x01", b"ISO_IR 192\\ISO_IR 192 "])
def test_garbage_character_sets_never_fail(name: bytes) -> None:
    data = element(0x00080005, b"CS", name) + identity_elements(PatientID=b"\xff\xfe\x1b$B\x00")
    verdict = judge(data, EXPLICIT_VR_LITTLE_ENDIAN)
    assert verdict.accepted
    assert verdict.attributes is not None
    assert verdict.attributes.patient_id.isprintable() or "\N{REPLACEMENT CHARACTER}" in verdict.attributes.patient_id


def test_control_characters_in_an_identifier_become_replacement_characters() -> None:
    verdict = judge(identity_elements(PatientID=b"X\r\n../a"), EXPLICIT_VR_LITTLE_ENDIAN)
    assert verdict.attributes is not None
    assert verdict.attributes.patient_id == "X\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}../a"


def test_an_indexed_value_of_a_megabyte_is_refused() -> None:
    data = element(0x00080005, b"UN", b"x" * (1 << 20)) + identity_elements()
    assert refusal_of(data) is Refusal.VALUE_TOO_LONG


def test_too_many_elements_are_refused() -> None:
    many = b"".join(
        element(group << 16 | number, b"LO", b"") for group in (0x0071, 0x0073, 0x0075) for number in range(0x1000, 0x9000)
    )
    assert refusal_of(identity_elements() + many) is Refusal.ELEMENT_LIMIT


@pytest.mark.parametrize("group", [0x0000, 0x0002, 0x0004, 0xFFFF])
def test_groups_that_have_no_place_in_a_data_set_are_refused(group: int) -> None:
    stray = element(group << 16 | 0x0010, b"UI", b"1.2.3.99")
    assert refusal_of(stray + identity_elements()) is Refusal.FORBIDDEN_GROUP


def test_stray_delimiters_are_refused() -> None:
    assert refusal_of(identity_elements() + ITEM_END) is Refusal.MALFORMED_SEQUENCE
    assert refusal_of(identity_elements() + SEQUENCE_END) is Refusal.MALFORMED_SEQUENCE
    assert refusal_of(identity_elements() + ITEM + b"\0\0\0\0") is Refusal.MALFORMED_SEQUENCE


def test_unknown_representations_are_refused() -> None:
    assert refusal_of(identity_elements() + element(0x00400001, b"??", b"ab")) is Refusal.UNKNOWN_VR


def test_an_undefined_length_is_refused_where_it_has_no_meaning() -> None:
    data = identity_elements() + element(0x00420011, b"OB", b"abcd", length=UNDEFINED)
    assert refusal_of(data) is Refusal.UNDEFINED_LENGTH_NOT_ALLOWED


def fragments(*items: bytes, end: bytes = SEQUENCE_END) -> bytes:
    body = b"".join(ITEM + len(item).to_bytes(4, "little") + item for item in items)
    return element(0x7FE00010, b"OB", body + end, length=UNDEFINED)


def test_fragments_are_judged() -> None:
    assert refusal_of(image(pixels=fragments(b"", b"\xff\xd8")), JPEG_LS_LOSSLESS) is None
    assert refusal_of(image(pixels=fragments(b"")), JPEG_LS_LOSSLESS) is Refusal.FRAME_COUNT_MISMATCH
    assert refusal_of(image(pixels=fragments(b"", b"ab", end=b"")), JPEG_LS_LOSSLESS) is Refusal.TRUNCATED
    assert refusal_of(image(pixels=fragments(b"", b"ab", end=ITEM_END)), JPEG_LS_LOSSLESS) is Refusal.MALFORMED_FRAGMENTS
    endless = element(0x7FE00010, b"OB", ITEM + UNDEFINED.to_bytes(4, "little"), length=UNDEFINED)
    assert refusal_of(image(pixels=endless), JPEG_LS_LOSSLESS) is Refusal.MALFORMED_FRAGMENTS


def test_pixels_encoded_otherwise_than_the_syntax_says_are_refused() -> None:
    assert refusal_of(image(), JPEG_LS_LOSSLESS) is Refusal.PIXEL_ENCODING_MISMATCH
    assert refusal_of(image(pixels=fragments(b"", b"ab"))) is Refusal.PIXEL_ENCODING_MISMATCH


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Refusal.NOT_PART10),
        (b"%PDF-1.7" + b" " * 300, Refusal.NOT_PART10),
        (bytes(128) + b"DICM", Refusal.MISSING_TRANSFER_SYNTAX),
        (bytes(128) + b"DICM" + element(0x00020010, b"UI", b"1.2.3.4\0"), Refusal.UNKNOWN_TRANSFER_SYNTAX),
        (bytes(128) + b"DICM" + element(0x00020010, b"UI", b"1.2.3", length=500), Refusal.TRUNCATED),
        (bytes(128) + b"DICM" + element(0x00020001, b"OB", b"", length=0x7FFFFFFF), Refusal.VALUE_TOO_LONG),
        (bytes(128) + b"DICM" + element(0x00020010, b"ZZ", b"1.2"), Refusal.UNKNOWN_VR),
    ],
)
def test_files_without_sound_meta_information_are_refused(data: bytes, reason: Refusal) -> None:
    assert refusal_of(data, None) is reason


def test_every_cut_of_a_file_is_refused() -> None:
    data = part10_bytes(a_ct_slice(rows=2, columns=2))
    assert judge(data).accepted
    before_the_image = data.index(b"\x28\0\x10\0US")
    accepted = [length for length in range(len(data)) if judge(data[:length]).accepted]
    # Cut between two elements before the image description, the rest is whole in itself: nothing can tell.
    assert all(length <= before_the_image for length in accepted)
    assert len(accepted) < 16


def test_an_unknown_transfer_syntax_is_refused() -> None:
    assert refusal_of(identity_elements(), "1.2.840.113619.5.2") is Refusal.UNKNOWN_TRANSFER_SYNTAX


def test_a_large_object_fed_in_pieces_takes_little_memory() -> None:
    pixels = bytes(1 << 20)
    rows = element(0x00280010, b"US", (0x2000).to_bytes(2, "little"))
    head = image(rows, b"").replace(element(0x00280011, b"US", b"\x02\0"), element(0x00280011, b"US", b"\x00\x40"))
    data = head + element(0x7FE00010, b"OW", b"", length=0x2000 * 0x4000 * 2)
    tracemalloc.start()
    gate = Gate(EXPLICIT_VR_LITTLE_ENDIAN)
    gate.feed(data)
    for _ in range(256):
        gate.feed(pixels)
    verdict = gate.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict.accepted
    assert peak < 4 << 20
