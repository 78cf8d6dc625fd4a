"""STOW-RS of metadata and bulk data: DICOM JSON first, then the parts that its BulkDataURIs name (PS3.18 10.5.2).

A reference is looked up among the parts of the same request and nowhere else: nothing is ever fetched.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson
from pydicom.dataset import Dataset

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.receive import Source, begin_instance
from negatoscope.doors.dicomweb.accept import parse_content_type
from negatoscope.doors.dicomweb.multipart_reader import MultipartEvent, MultipartReader, PartBegins, PartBytes
from negatoscope.doors.dicomweb.negotiation import MEDIA_TYPES, OCTETS
from negatoscope.doors.dicomweb.stow_answer import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, PROCESSING_FAILURE, Results
from negatoscope.formats.dicom.containers import MAXIMUM_DEPTH
from negatoscope.formats.dicom.files import encode_data_set, file_head
from negatoscope.formats.dicom.json_reading import read_json_data_set
from negatoscope.formats.dicom.json_values import is_binary
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, find_transfer_syntax
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.platform.blobs.port import BlobRef, BlobWriter
from negatoscope.platform.errors import CorruptObject, InvalidInput, OutOfResources, Unavailable
from negatoscope.platform.runtime import Platform

JSON: Final = "application/dicom+json"
LONGEST_METADATA: Final = 8 << 20
MOST_SIGNS: Final = 600_000
"""Braces, brackets and commas of the metadata: what they become in memory is many times longer than they are."""
LONGEST_INLINED: Final = 4 << 20
MOST_INLINED: Final = 16 << 20
MOST_BULK_PARTS: Final = 10_000
_PIXEL_DATA: Final = "7FE00010"
_ITEM: Final = b"\xfe\xff\x00\xe0"
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0" + bytes(4)
_UNDEFINED: Final = 0xFFFFFFFF


@dataclass(slots=True)
class _Bulk:
    """The parts under one address, in their order: one, or one a frame."""

    media_type: str
    transfer_syntax_uid: str | None
    blobs: list[BlobRef] = field(default_factory=list)


class MetadataSession:
    """One request that stores metadata with bulk data. Bulk data wait in the object store, sealed like all else."""

    def __init__(self, platform: Platform, subject: Subject, source: Source, study_uid: str | None, boundary: str) -> None:
        self._platform = platform
        self._subject = subject
        self._source = source
        self._study_uid = study_uid
        self._reader = MultipartReader(boundary)
        self._metadata = bytearray()
        self._has_metadata = False
        self._is_in_metadata = False
        self._writer: BlobWriter | None = None
        self._location = ""
        self._bulk: dict[str, _Bulk] = {}
        self._inlined_bytes = 0
        self.results = Results()
        # Before any part waits in the object store.
        with platform.database.read(platform.tenant) as tx:
            authorise(tx, subject, Action.STORE_IMAGES)
        source.authorised = True

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        for event in self._reader.feed(data):
            self._handle(event)

    def finish(self) -> None:
        """Take the end of the body: now every reference can be looked up."""
        self._reader.finish()
        if not self._has_metadata:
            raise InvalidInput("The body holds no metadata.", reason="empty_body")
        if sum(map(self._metadata.count, (b"{", b"[", b","))) > MOST_SIGNS:
            raise InvalidInput("The metadata hold too many elements.", reason="metadata_too_long")
        try:
            models = orjson.loads(self._metadata)
        except orjson.JSONDecodeError as error:
            raise InvalidInput("The metadata are no JSON.", reason="bad_json") from error
        if not isinstance(models, list) or not models or not all(isinstance(model, dict) for model in models):
            raise InvalidInput("The metadata are an array of objects.", reason="bad_json_model")
        for model in models:
            self._store(model)

    def close(self) -> None:
        """Remove the bulk data: what was stored holds them."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
        for bulk in self._bulk.values():
            for blob in bulk.blobs:
                self._platform.blobs.delete(blob)
        self._bulk.clear()

    def _handle(self, event: MultipartEvent) -> None:
        if isinstance(event, PartBegins):
            self._begin(event.headers)
        elif isinstance(event, PartBytes):
            if self._writer is not None:
                self._writer.write(event.data)
            elif len(self._metadata) + len(event.data) > LONGEST_METADATA:
                raise InvalidInput("The metadata are too long.", reason="metadata_too_long")
            elif self._is_in_metadata:
                self._metadata += event.data
        else:
            self._end()

    def _begin(self, headers: Mapping[str, str]) -> None:
        media_type, parameters = parse_content_type(headers.get("content-type", OCTETS))
        self._is_in_metadata = media_type == JSON
        if self._is_in_metadata:
            if self._has_metadata:
                raise InvalidInput("The body holds metadata twice.", reason="bad_multipart")
            self._has_metadata = True
            return
        self._location = _address(headers)
        known = self._bulk.setdefault(self._location, _Bulk(media_type, parameters.get("transfer-syntax")))
        if sum(len(bulk.blobs) for bulk in self._bulk.values()) >= MOST_BULK_PARTS:
            raise InvalidInput("The body has too many parts.", reason="too_many_parts")
        if known.media_type != media_type:
            raise InvalidInput("Parts of one address have one media type.", reason="bad_multipart")
        self._writer = self._platform.blobs.begin()

    def _end(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            self._bulk[self._location].blobs.append(writer.commit())

    def _store(self, model: dict[str, object]) -> None:
        uids = _text_of(model, "00080016"), _text_of(model, "00080018")
        try:
            if not is_uid(uids[0]) or not is_uid(uids[1]):
                raise InvalidInput("The metadata lack their identifiers.", reason="missing_uid")
            pixels = self._pixels_of(model)
            self._inlined_bytes = 0
            body = orjson.dumps(self._inlined(model, 0))
            data_set = read_json_data_set(body, longest=LONGEST_METADATA + 2 * MOST_INLINED)
            self._write(data_set, uids, pixels)
        except (InvalidInput, CorruptObject, orjson.JSONEncodeError):  # the last: a value that is nested too deeply
            self.results.fail(CANNOT_UNDERSTAND, *uids)
        except OutOfResources:
            self.results.fail(OUT_OF_RESOURCES, *uids)
        except Unavailable:
            self.results.fail(PROCESSING_FAILURE, *uids)

    def _pixels_of(self, model: dict[str, object]) -> tuple[_Bulk, str] | None:
        """Take the pixel data out of the model where they are a reference."""
        element = model.get(_PIXEL_DATA)
        if not isinstance(element, dict) or "BulkDataURI" not in element:
            return None
        del model[_PIXEL_DATA]
        return self._referenced(element), _text(element.get("vr", "OW"))

    def _referenced(self, element: Mapping[str, object]) -> _Bulk:
        bulk = self._bulk.get(_text(element["BulkDataURI"]))
        if bulk is None or set(element) - {"vr", "BulkDataURI"}:
            raise InvalidInput("A reference names no part of this request.", reason="unknown_bulk_data")
        return bulk

    def _inlined(self, model: Mapping[str, object], depth: int) -> dict[str, object]:
        """Return the model with each reference replaced by what it stands for."""
        if depth > MAXIMUM_DEPTH:
            raise InvalidInput("The metadata are nested too deeply.", reason="bad_json_model")
        whole: dict[str, object] = {}
        for tag, element in model.items():
            whole[tag] = element
            if not isinstance(element, dict):
                continue
            values = element.get("Value")
            if "BulkDataURI" in element:
                whole[tag] = self._value_of(element)
            elif element.get("vr") == "SQ" and isinstance(values, list):
                items = [self._inlined(item, depth + 1) if isinstance(item, dict) else item for item in values]
                whole[tag] = element | {"Value": items}
        return whole

    def _value_of(self, element: Mapping[str, object]) -> dict[str, object]:
        bulk, vr = self._referenced(element), _text(element.get("vr"))
        is_text = vr in {"LT", "ST", "UC", "UR", "UT"}
        if (
            bulk.media_type != OCTETS
            or len(bulk.blobs) != 1
            or bulk.blobs[0].size > LONGEST_INLINED
            or not (is_text or is_binary(vr))
        ):
            raise InvalidInput("A reference stands for what cannot be its value.", reason="bad_bulk_data")
        # One part may be named many times: what they stand for together is bounded before it is read.
        self._inlined_bytes += bulk.blobs[0].size
        if self._inlined_bytes > MOST_INLINED:
            raise InvalidInput("The references stand for too much.", reason="bad_bulk_data")
        with self._platform.blobs.open(bulk.blobs[0]) as reader:
            value = reader.read(0, reader.size)
        if not is_text:
            return {"vr": vr, "InlineBinary": b64encode(value).decode("ascii")}
        try:
            return {"vr": vr, "Value": [value.decode("utf-8").rstrip(" \0")]}
        except UnicodeDecodeError as error:
            raise InvalidInput("A text is not UTF-8.", reason="bad_bulk_data") from error

    def _write(self, data_set: Dataset, uids: tuple[str, str], pixels: tuple[_Bulk, str] | None) -> None:
        """Write the object as a file into the archive, where the gate judges it like any other."""
        syntax = EXPLICIT_VR_LITTLE_ENDIAN if pixels is None else _syntax_of(pixels[0])
        if "SpecificCharacterSet" in data_set or not _is_ascii(data_set):
            data_set.SpecificCharacterSet = "ISO_IR 192"
        head = file_head(sop_class_uid=uids[0], sop_instance_uid=uids[1], transfer_syntax_uid=syntax)
        before = Dataset({tag: element for tag, element in data_set.items() if int(tag) < int(_PIXEL_DATA, 16)})
        after = Dataset({tag: element for tag, element in data_set.items() if int(tag) >= int(_PIXEL_DATA, 16)})
        incoming = begin_instance(self._platform, self._subject, source=self._source, study_uid=self._study_uid)
        try:
            incoming.write(head + encode_data_set(before))
            for piece in self._pixel_pieces(pixels, is_encapsulated=_is_encapsulated(syntax)):
                incoming.write(piece)
            incoming.write(encode_data_set(after))
            self.results.add(incoming.commit())
        finally:
            incoming.discard()

    def _pixel_pieces(self, pixels: tuple[_Bulk, str] | None, *, is_encapsulated: bool) -> Iterator[bytes]:
        if pixels is None:
            return
        bulk, vr = pixels
        size = sum(blob.size for blob in bulk.blobs)
        if is_encapsulated:
            yield _pixel_head("OB", _UNDEFINED) + _ITEM + bytes(4)
        else:
            if vr not in {"OB", "OW"} or size >= _UNDEFINED - 1:
                raise InvalidInput("Pixel data are OB or OW.", reason="bad_bulk_data")
            yield _pixel_head(vr, size + (size & 1))
        for blob in bulk.blobs:
            if is_encapsulated:
                yield _ITEM + (blob.size + (blob.size & 1)).to_bytes(4, "little")
            with self._platform.blobs.open(blob) as reader:
                yield from reader.chunks()
            if is_encapsulated and blob.size & 1:
                yield b"\0"
        if is_encapsulated:
            yield _SEQUENCE_END
        elif size & 1:
            yield b"\0"


def _address(headers: Mapping[str, str]) -> str:
    """Return how metadata refer to the part: its Content-Location, or `cid:` and its Content-ID."""
    location = headers.get("content-location", "")
    identifier = headers.get("content-id", "").strip("<>")
    if not location and not identifier:
        raise InvalidInput("A part of bulk data has no address.", reason="bad_multipart")
    return location or f"cid:{identifier}"


def _syntax_of(bulk: _Bulk) -> str:
    """Return the transfer syntax of pixel data from what the part says of itself (PS3.18 table 8.7.3-2)."""
    if bulk.media_type == OCTETS:
        syntax = bulk.transfer_syntax_uid or EXPLICIT_VR_LITTLE_ENDIAN
        if syntax != EXPLICIT_VR_LITTLE_ENDIAN:
            raise InvalidInput("Uncompressed pixel data are little endian.", reason="bad_bulk_data")
        return syntax
    syntaxes = MEDIA_TYPES.get(bulk.media_type, ())
    syntax = bulk.transfer_syntax_uid or (syntaxes[0] if syntaxes else "")
    if syntax not in syntaxes:
        raise InvalidInput("A part is of a media type that no pixel data have.", reason="bad_bulk_data")
    return syntax


def _is_encapsulated(transfer_syntax_uid: str) -> bool:
    syntax = find_transfer_syntax(transfer_syntax_uid)
    return syntax is not None and syntax.encapsulated


def _pixel_head(vr: str, length: int) -> bytes:
    return b"\xe0\x7f\x10\x00" + vr.encode("ascii") + b"\0\0" + length.to_bytes(4, "little")


def _text_of(model: Mapping[str, object], tag: str) -> str:
    element = model.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return _text(values[0]) if isinstance(values, list) and len(values) == 1 else ""


def _text(value: object) -> str:
    """Return a text, empty for whatever else was sent in its place."""
    return value if isinstance(value, str) else ""


def _is_ascii(data_set: Dataset) -> bool:
    return all(
        all(_is_ascii(item) for item in element.value) if element.VR == "SQ" else str(element.value).isascii()
        for element in data_set
    )
