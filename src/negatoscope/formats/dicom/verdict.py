"""What the gate says of an object: accepted or to be kept in quarantine, why, and the facts found on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from negatoscope.formats.dicom.attributes import InstanceAttributes


class Refusal(StrEnum):
    """Name why an object goes to quarantine. The value is the machine word kept with it."""

    NOT_PART10 = "not_part10"
    TRUNCATED = "truncated"
    DEPTH_LIMIT = "depth_limit"
    ELEMENT_LIMIT = "element_limit"
    DUPLICATE_TAG = "duplicate_tag"
    UNKNOWN_VR = "unknown_vr"
    WRONG_VR = "wrong_vr"
    VALUE_TOO_LONG = "value_too_long"
    UNDEFINED_LENGTH_NOT_ALLOWED = "undefined_length_not_allowed"
    LENGTH_EXCEEDS_PARENT = "length_exceeds_parent"
    MALFORMED_SEQUENCE = "malformed_sequence"
    MALFORMED_FRAGMENTS = "malformed_fragments"
    FORBIDDEN_GROUP = "forbidden_group"
    MISSING_TRANSFER_SYNTAX = "missing_transfer_syntax"
    UNKNOWN_TRANSFER_SYNTAX = "unknown_transfer_syntax"
    MISSING_UID = "missing_uid"
    BAD_UID = "bad_uid"
    UID_MISMATCH = "uid_mismatch"
    SOP_CLASS_MISMATCH = "sop_class_mismatch"
    MISSING_PIXEL_DATA = "missing_pixel_data"
    MISSING_PIXEL_DESCRIPTION = "missing_pixel_description"
    BAD_PIXEL_DESCRIPTION = "bad_pixel_description"
    PIXEL_SIZE_MISMATCH = "pixel_size_mismatch"
    PIXEL_ENCODING_MISMATCH = "pixel_encoding_mismatch"
    FRAME_COUNT_MISMATCH = "frame_count_mismatch"
    INFLATE_LIMIT = "inflate_limit"
    BAD_DEFLATE = "bad_deflate"


class Flag(StrEnum):
    """Name a property of the received bytes that is no reason to refuse."""

    PREAMBLE_NOT_ZERO = "preamble_not_zero"


@dataclass(frozen=True, slots=True)
class ByteSpan:
    """Locate bytes in the received stream (after inflation for a deflated data set)."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelDataSpan:
    """Locate the pixel data element's value in the received stream.

    ``fragments`` lists the compressed fragments after the basic offset table, each without its item header; it is empty
    for native pixels and when there are more than the gate keeps (then ``fragment_count`` still tells how many).
    """

    tag: int
    offset: int
    length: int
    encapsulated: bool
    fragment_count: int = 0
    fragments: tuple[ByteSpan, ...] = ()
    basic_offset_table: ByteSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Say which object this claims to be, as soon as the bytes tell: enough to write the head of a file."""

    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    data_set_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Carry the gate's decision. Offsets count from the first received byte.

    ``header`` is the encoded data set before the pixel data (inflated when it was deflated), None when longer than the
    gate keeps; ``header_end`` is where it ends. For a bare data set that is stored as a file, add the length of the file
    meta information written before it.
    """

    accepted: bool
    refusal: Refusal | None = None
    warnings: tuple[str, ...] = ()
    flags: frozenset[Flag] = field(default_factory=frozenset)
    transfer_syntax_uid: str | None = None
    attributes: InstanceAttributes | None = None
    pixel_data: PixelDataSpan | None = None
    data_set_offset: int = 0
    header_end: int = 0
    header: bytes | None = None
    size: int = 0
