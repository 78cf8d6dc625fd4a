"""Recompress one object: encode, sync, rebuild the original from what was synced and compare, only then change its row.

A process that dies in the middle leaves at most a file that no row names, which the sweep of orphans removes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from negatoscope.archive import store as archive_store
from negatoscope.archive.decoding import reencoded_frame
from negatoscope.archive.frame_index import WindowedRead, index_frames
from negatoscope.archive.model import Instance
from negatoscope.archive.recompression import store
from negatoscope.archive.recompression.model import LONGEST_REST, OriginalForm, Result, is_eligible
from negatoscope.archive.recompression.restoring import original_pieces
from negatoscope.archive.stored_file import read_frame
from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set, file_head
from negatoscope.formats.dicom.frames import native_frame_span
from negatoscope.formats.dicom.gate import Gate, judge
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.verdict import Verdict
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform

_PIXEL_DATA_HEAD: Final = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff"
_ITEM: Final = b"\xfe\xff\x00\xe0"
_EMPTY_OFFSET_TABLE: Final = _ITEM + bytes(4)
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0" + bytes(4)
_LONGEST_VALUE: Final = 0xFFFFFFFE

Passed = Callable[[str], None]
"""Told which step is done: written, verified, rows. What it raises ends the work there."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The object as received, cut where its pixels begin and end."""

    original: OriginalForm
    header: bytes
    trailer: bytes


def recompress(
    platform: Platform,
    instance: Instance,
    transfer_syntax_uid: str,
    *,
    trace: Callable[[Connection, Instance], None],
    passed: Passed = lambda _: None,
) -> Result:
    """Keep an object in another syntax; `trace` writes the trail in the transaction that changes the row.

    Raises CorruptObject when the stored object is damaged; it stays as it is then.
    """
    if not is_eligible(instance):
        return Result.NOT_ELIGIBLE
    parts = _cut(platform, instance)
    if parts is None:
        return Result.NOT_ELIGIBLE
    kept = _write(platform, instance, parts, transfer_syntax_uid)
    if kept is None:
        return Result.NOT_SMALLER
    passed("written")
    if not _is_identical(platform, instance, kept, parts.original):
        platform.blobs.delete(kept.blob)
        return Result.NOT_IDENTICAL
    passed("verified")
    with platform.database.transaction(platform.tenant) as tx:
        archive_store.share_study(tx, instance.study_uid, instance.series_uid)  # an erasure looks before this or after it
        changed = store.update_form(tx, instance, kept)
        if changed:
            store.insert_original(tx, instance.sop_instance_uid, parts.original, at=platform.clock.now())
            trace(tx, instance)
        passed("rows")
    if not changed:
        platform.blobs.delete(kept.blob)
        return Result.CHANGED_MEANWHILE
    return Result.RECOMPRESSED


def _cut(platform: Platform, instance: Instance) -> _Parts | None:
    """Read all that is not pixels; None when there is more of it than is put aside."""
    pixels, blob = instance.pixels, instance.blob
    if pixels is None or instance.pixel_offset is None or instance.pixel_length is None:
        return None
    last = native_frame_span(pixels, instance.pixel_offset, pixels.frames)
    frames_end, value_end = last.offset + last.length, instance.pixel_offset + instance.pixel_length
    if frames_end > value_end or blob.size - frames_end > LONGEST_REST:
        return None
    with platform.blobs.open(blob) as reader:
        head = reader.read(0, instance.data_set_offset)
        header = reader.read(instance.data_set_offset, instance.header_end - instance.data_set_offset)
        pixel_header = reader.read(instance.header_end, instance.pixel_offset - instance.header_end)
        rest = reader.read(frames_end, blob.size - frames_end)
    is_explicit = instance.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
    original = OriginalForm(
        transfer_syntax_uid=instance.transfer_syntax_uid,
        sha256=blob.sha256,
        size=blob.size,
        blob_key=blob.key,
        head=head,
        header=None if is_explicit else header,
        pixel_header=pixel_header,
        rest=rest,
    )
    trailer = rest[value_end - frames_end :]
    if is_explicit:
        return _Parts(original, header, trailer)
    return _Parts(original, _explicit(header, instance), _explicit(trailer, instance))


def _explicit(elements: bytes, instance: Instance) -> bytes:
    return encode_data_set(data_set_from_header(elements, instance.transfer_syntax_uid))


def _write(platform: Platform, instance: Instance, parts: _Parts, target_uid: str) -> Instance | None:
    """Write the other form and return its row; None when it is no smaller, or the gate would not take it for the same."""
    head = file_head(
        sop_class_uid=instance.sop_class_uid, sop_instance_uid=instance.sop_instance_uid, transfer_syntax_uid=target_uid
    )
    gate, writer = Gate(), platform.blobs.begin()
    try:
        for piece in (head, parts.header, *_encapsulated(platform, instance, target_uid), parts.trailer):
            gate.feed(piece)
            writer.write(piece)
        verdict = gate.finish()
        if writer.size >= instance.blob.size or not _says_the_same(verdict, parts, instance):
            return None
        blob = writer.commit()
    finally:
        writer.discard()
    return _row(platform, instance, verdict, blob)


def _encapsulated(platform: Platform, instance: Instance, target_uid: str) -> Iterator[bytes]:
    if instance.pixels is None:
        return
    yield _PIXEL_DATA_HEAD + _EMPTY_OFFSET_TABLE
    for frame in range(1, instance.frames + 1):
        native = read_frame(platform.blobs, instance, frame)
        encoded = reencoded_frame(platform.sandbox, native, instance.pixels, EXPLICIT_VR_LITTLE_ENDIAN, target_uid)
        fragment = encoded + b"\0" * (len(encoded) & 1)
        yield _ITEM + len(fragment).to_bytes(4, "little") + fragment
    yield _SEQUENCE_END


def _says_the_same(verdict: Verdict, parts: _Parts, instance: Instance) -> bool:
    """Tell whether the gate takes the other form, and finds in it the facts that the original states."""
    header = parts.original.header if parts.original.header is not None else parts.header
    before = judge(header, instance.transfer_syntax_uid).attributes
    if not verdict.accepted or verdict.attributes is None or before is None:
        return False
    return verdict.attributes.pixels == instance.pixels and replace(verdict.attributes, pixels=None) == before


def _row(platform: Platform, instance: Instance, verdict: Verdict, blob: BlobRef) -> Instance:
    span = verdict.pixel_data
    if span is None:
        raise CorruptObject("An object lost its pixels.", reason="missing_pixel_data")
    with platform.blobs.open(blob) as reader:
        index = index_frames(span, instance.frames, WindowedRead(reader.read, reader.size))
    return replace(
        instance,
        transfer_syntax_uid=str(verdict.transfer_syntax_uid),
        data_set_offset=verdict.data_set_offset,
        header_end=verdict.header_end,
        pixel_offset=span.offset,
        pixel_length=span.length,
        frame_index=index,
        blob=blob,
    )


def _is_identical(platform: Platform, instance: Instance, kept: Instance, original: OriginalForm) -> bool:
    """Rebuild the original from what was written to the disk and compare: each pixel, each element, each byte."""
    digest, place = hashlib.sha256(), 0
    with platform.blobs.open(instance.blob) as reader:
        for piece in original_pieces(platform, kept, original):
            if place + len(piece) > instance.blob.size or reader.read(place, len(piece)) != piece:
                return False
            digest.update(piece)
            place += len(piece)
    return place == original.size and digest.hexdigest() == original.sha256
