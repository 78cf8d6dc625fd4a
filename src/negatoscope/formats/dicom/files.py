"""Part 10 files (PS3.10 section 7): the head of a file for a bare data set, and data sets out of the bytes that we keep."""

from __future__ import annotations

import io
import struct
from typing import Final

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import data_element_generator, dcmread
from pydicom.filewriter import write_dataset
from pydicom.uid import UID

from negatoscope.formats.dicom.file_meta import PREAMBLE_LENGTH
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, find_transfer_syntax
from negatoscope.platform.errors import CorruptObject, InvalidInput

IMPLEMENTATION_CLASS_UID: Final = "2.25.197385062931478056913207446801927735106"
IMPLEMENTATION_VERSION_NAME: Final = "NEGATOSCOPE_0_1"
# What pydicom lets out when values are not what their representation promises; found by feeding it changed files.
PYDICOM_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
ZERO_PREAMBLE: Final = bytes(PREAMBLE_LENGTH)


def file_head(
    *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, source_ae_title: str | None = None
) -> bytes:
    """Encode preamble, prefix and file meta information; the bare data set follows it as it is."""
    elements = [
        _element(0x0001, b"OB", b"\0\1"),
        _element(0x0002, b"UI", _uid(sop_class_uid)),
        _element(0x0003, b"UI", _uid(sop_instance_uid)),
        _element(0x0010, b"UI", _uid(transfer_syntax_uid)),
        _element(0x0012, b"UI", _uid(IMPLEMENTATION_CLASS_UID)),
        _element(0x0013, b"SH", _text(IMPLEMENTATION_VERSION_NAME)),
    ]
    if source_ae_title:
        elements.append(_element(0x0016, b"AE", _text(source_ae_title[:16])))
    group = b"".join(elements)
    return ZERO_PREAMBLE + b"DICM" + _element(0x0000, b"UL", len(group).to_bytes(4, "little")) + group


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    head = b"\x02\x00" + number.to_bytes(2, "little") + vr
    if vr == b"OB":
        return head + b"\0\0" + len(value).to_bytes(4, "little") + value
    return head + len(value).to_bytes(2, "little") + value


def _uid(uid: str) -> bytes:
    value = uid.encode("ascii")
    return value + b"\0" * (len(value) & 1)


def _text(text: str) -> bytes:
    value = text.encode("ascii", "replace")
    return value + b" " * (len(value) & 1)


def zero_preamble(piece: bytes, position: int) -> bytes:
    """Return a piece of a Part 10 file that starts at this position with what belongs to the preamble set to zero.

    An executable hides in the preamble of a valid object (CVE-2019-11687): what we keep and hand out never has one.
    """
    if position >= PREAMBLE_LENGTH:
        return piece
    inside = min(len(piece), PREAMBLE_LENGTH - position)
    return bytes(inside) + piece[inside:]


def data_set_from_header(header: bytes, transfer_syntax_uid: str) -> Dataset:
    """Read the encoded elements the gate kept (already inflated for a deflated syntax).

    In the syntax the gate judged them in: pydicom's own ``read_dataset`` guesses from the first bytes and may see another
    object than the gate did.
    """
    syntax = find_transfer_syntax(transfer_syntax_uid)
    if syntax is None:
        raise InvalidInput("The transfer syntax is not known.", reason="unknown_transfer_syntax")
    try:
        elements = {
            element.tag: element
            for element in data_element_generator(
                io.BytesIO(header), is_implicit_VR=not syntax.explicit_vr, is_little_endian=syntax.little_endian
            )
        }
        data_set = Dataset(elements)
        character_set = convert_encodings(data_set.get("SpecificCharacterSet") or "")
        data_set.set_original_encoding(not syntax.explicit_vr, syntax.little_endian, character_set)
    except PYDICOM_FAULTS as error:
        raise CorruptObject("The kept header of an object cannot be read.", reason="header_unreadable") from error
    return data_set


def read_file(data: bytes, *, with_pixels: bool = True) -> FileDataset:
    """Read a Part 10 file that has passed the gate."""
    try:
        return dcmread(io.BytesIO(data), stop_before_pixels=not with_pixels, force=False)
    except PYDICOM_FAULTS as error:
        raise CorruptObject("A kept file cannot be read as DICOM.", reason="file_unreadable") from error


def encode_data_set(data_set: Dataset, transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    """Encode a data set without file meta information; pixels must be in the form of the syntax already."""
    syntax = find_transfer_syntax(transfer_syntax_uid)
    if syntax is None or syntax.deflated:
        raise InvalidInput("Data sets are not written in this transfer syntax.", reason="unknown_transfer_syntax")
    target = DicomBytesIO()
    target.is_little_endian = syntax.little_endian
    target.is_implicit_VR = not syntax.explicit_vr
    try:
        write_dataset(target, data_set)
    except PYDICOM_FAULTS as error:
        raise CorruptObject("A data set holds values that cannot be encoded.", reason="not_encodable") from error
    return target.getvalue()


def encode_file(data_set: Dataset, transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    """Encode a data set as a Part 10 file with our own file meta information."""
    head = file_head(
        sop_class_uid=str(UID(data_set.SOPClassUID)),
        sop_instance_uid=str(UID(data_set.SOPInstanceUID)),
        transfer_syntax_uid=transfer_syntax_uid,
    )
    return head + encode_data_set(data_set, transfer_syntax_uid)
