"""Data sets as DICOM JSON (PS3.18 annex F), straight from their encoded bytes or from a pydicom data set.

The bytes path reads each element once and builds no data set: it is what the archive runs for each received image.
Nesting is as deep as the gate allows, no deeper.
"""

from __future__ import annotations

import struct
from struct import Struct
from typing import Final

import orjson
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from negatoscope.formats.dicom.charsets import TextDecoder
from negatoscope.formats.dicom.containers import MAXIMUM_DEPTH
from negatoscope.formats.dicom.elements import (
    ITEM,
    ITEM_DELIMITER,
    LONG_VRS,
    PIXEL_DATA,
    SEQUENCE_DELIMITER,
    SEQUENCE_TAGS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
)
from negatoscope.formats.dicom.files import encode_data_set
from negatoscope.formats.dicom.json_values import JsonDataSet, JsonElement, JsonValue, element_json
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, find_transfer_syntax
from negatoscope.platform.errors import CorruptObject, InvalidInput

_EXPLICIT: Final = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_LENGTH: Final = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}
_TAG_AND_LENGTH: Final = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
_VR_NAMES: Final = {vr: vr.decode("ascii") for vr in LONG_VRS | SHORT_VRS}
_PIXEL_GROUP: Final = 0x7FE00000
_UTF_8: Final[JsonElement] = {"vr": "CS", "Value": ["ISO_IR 192"]}


def header_to_json(
    header: bytes, transfer_syntax_uid: str, *, bulk_data_root: str, pixel_data_vr: str | None = None
) -> JsonDataSet:
    """Turn the encoded elements before the pixel data into the JSON model; references start with ``bulk_data_root``.

    ``pixel_data_vr`` (OB for encapsulated, OW for native) adds the reference to the pixel data itself.
    """
    syntax = find_transfer_syntax(transfer_syntax_uid)
    if syntax is None:
        raise InvalidInput("The transfer syntax is not known.", reason="unknown_transfer_syntax")
    walk = _Walk(header, bulk_data_root, little_endian=syntax.little_endian)
    try:
        model, _ = walk.data_set(0, len(header), explicit=syntax.explicit_vr, path="", depth=0)
    except (struct.error, ValueError) as error:
        raise CorruptObject("The kept header of an object cannot be read.", reason="header_unreadable") from error
    if "00080005" in model:
        model["00080005"] = _UTF_8
    if pixel_data_vr is not None:
        model["7FE00010"] = {"vr": pixel_data_vr, "BulkDataURI": f"{bulk_data_root}/7FE00010"}
    return model


def bulk_value(header: bytes, transfer_syntax_uid: str, path: str) -> bytes | None:
    """Return the bytes a reference stands for: ``path`` is what follows its root, such as ``00880200/0/7FE00010``.

    Native values come in the byte order of the syntax; None when there is no such element, or it is compressed.
    """
    syntax = find_transfer_syntax(transfer_syntax_uid)
    if syntax is None:
        raise InvalidInput("The transfer syntax is not known.", reason="unknown_transfer_syntax")
    walk = _Walk(header, "", little_endian=syntax.little_endian)
    walk.wanted_path = "/" + path.strip("/")
    try:
        walk.data_set(0, len(header), explicit=syntax.explicit_vr, path="", depth=0)
    except (struct.error, ValueError) as error:
        raise CorruptObject("The kept header of an object cannot be read.", reason="header_unreadable") from error
    return walk.wanted_value


def data_set_to_json(data_set: Dataset, *, bulk_data_root: str = "") -> JsonDataSet:
    """Turn a pydicom data set into the JSON model; its pixel data, and long binaries, become references."""
    pixel_data = data_set.get_item("PixelData") if "PixelData" in data_set else None
    without = data_set if pixel_data is None else Dataset({tag: e for tag, e in data_set.items() if int(tag) < _PIXEL_GROUP})
    encoded = encode_data_set(without, EXPLICIT_VR_LITTLE_ENDIAN)
    pixel_data_vr = None if pixel_data is None else str(pixel_data.VR or "OW")
    return header_to_json(encoded, EXPLICIT_VR_LITTLE_ENDIAN, bulk_data_root=bulk_data_root, pixel_data_vr=pixel_data_vr)


def dump_json(model: JsonDataSet | list[JsonDataSet]) -> bytes:
    """Serialise the model."""
    return orjson.dumps(model)


class _Walk:
    """Walk encoded elements; a wrong length ends in an error, never outside of the bytes."""

    def __init__(self, data: bytes, bulk_data_root: str, *, little_endian: bool) -> None:
        self._data = data
        self._root = bulk_data_root
        self._little = little_endian
        self._decoder = TextDecoder(b"")
        self._is_signed = False
        self.wanted_path: str | None = None
        self.wanted_value: bytes | None = None

    def data_set(self, at: int, end: int, *, explicit: bool, path: str, depth: int) -> tuple[JsonDataSet, int]:
        """Return the elements up to ``end`` or to the item delimiter, and where they ended."""
        if depth > MAXIMUM_DEPTH:
            raise ValueError("depth")
        model: JsonDataSet = {}
        while at < end:
            tag, vr, length, value_at = self._element_header(at, explicit)
            if tag == ITEM_DELIMITER:
                return model, value_at
            key = f"{tag:08X}"
            is_undefined = length == UNDEFINED_LENGTH
            if tag == PIXEL_DATA and is_undefined:  # of an icon: only its place is told
                model[key] = {"vr": vr, "BulkDataURI": f"{self._root}{path}/{key}"}
                at = self._after_fragments(value_at)
                continue
            if vr == "SQ" or is_undefined or (vr == "UN" and tag in SEQUENCE_TAGS):
                inner_explicit = explicit and vr == "SQ"
                model[key], at = self._sequence(
                    value_at, end if is_undefined else value_at + length, inner_explicit, f"{path}/{key}", depth
                )
                continue
            at = value_at + length
            if at > end:
                raise ValueError("length")
            value = self._data[value_at:at]
            if self.wanted_path is not None and f"{path}/{key}" == self.wanted_path:
                self.wanted_value = value
            if tag & 0xFFFF == 0:
                continue  # group lengths are not in the model (PS3.18 F.2.2)
            if tag == 0x00280103 and len(value) == 2:
                self._is_signed = value in (b"\x01\0", b"\0\x01")
            elif tag == 0x00080005:
                self._decoder = TextDecoder(value)
            model[key] = element_json(
                vr, value, self._decoder, little_endian=self._little, bulk_data_uri=f"{self._root}{path}/{key}"
            )
        return model, at

    def _element_header(self, at: int, explicit: bool) -> tuple[int, str, int, int]:
        if not explicit:
            group, element, length = _TAG_AND_LENGTH[self._little](self._data, at)
            tag = group << 16 | element
            return tag, self._implicit_vr(tag), length, at + 8
        group, element, vr, length = _EXPLICIT[self._little](self._data, at)
        tag = group << 16 | element
        if vr not in LONG_VRS:
            return tag, _VR_NAMES.get(vr, "UN"), length, at + 8
        (length,) = _LENGTH[self._little](self._data, at + 8)
        name = _VR_NAMES[vr]
        if name == "UN" and length != UNDEFINED_LENGTH and tag not in SEQUENCE_TAGS:
            name = self._implicit_vr(tag)
        return tag, name, length, at + 12

    def _implicit_vr(self, tag: int) -> str:
        vr = _dictionary_vr(tag)
        if vr == "US or SS":
            return "SS" if self._is_signed else "US"
        return vr.rpartition(" ")[2]  # "OB or OW", "US or OW", "US or SS or OW": the wider one

    def _after_fragments(self, at: int) -> int:
        while True:
            group, element, length = _TAG_AND_LENGTH[self._little](self._data, at)
            at += 8 + length
            if group << 16 | element == SEQUENCE_DELIMITER:
                return at

    def _sequence(self, at: int, end: int, explicit: bool, path: str, depth: int) -> tuple[JsonElement, int]:
        items: list[JsonValue] = []
        while at < end:
            group, element, length = _TAG_AND_LENGTH[self._little](self._data, at)
            tag = group << 16 | element
            at += 8
            if tag == SEQUENCE_DELIMITER:
                break
            if tag != ITEM:
                raise ValueError("item")
            item_end = end if length == UNDEFINED_LENGTH else at + length
            outer = self._decoder
            item, at = self.data_set(at, item_end, explicit=explicit, path=f"{path}/{len(items)}", depth=depth + 1)
            self._decoder = outer
            items.append(item)
        return ({"vr": "SQ", "Value": items} if items else {"vr": "SQ"}), at


_KNOWN_VRS: dict[int, str] = {}


def _dictionary_vr(tag: int) -> str:
    known = _KNOWN_VRS.get(tag)
    if known is None:
        try:
            known = "UN" if tag >> 16 & 1 else dictionary_VR(tag)
        except KeyError:
            known = "UN"
        if len(_KNOWN_VRS) < 20_000:
            _KNOWN_VRS[tag] = known
    return known
