"""Open stored objects for whoever may see them: whole, by range, by frame, in another transfer syntax."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive.corrections.giving import CorrectedHead, corrected_head
from negatoscope.archive.corrections.marks import CorrectedStudy, find_corrected
from negatoscope.archive.decoding import decoded_frame, reencoded_file, reencoded_frame
from negatoscope.archive.model import Instance
from negatoscope.archive.recompression.restoring import find_original_form, read_original
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.stored_file import frame_pieces, is_encapsulated, known_frame_spans, pieces, read_frame
from negatoscope.archive.study_store import list_instances_and_patient
from negatoscope.archive.viewing_trail import authorised_instances
from negatoscope.formats.dicom.uids import SeriesUid, SopInstanceUid, StudyUid
from negatoscope.formats.dicom.verdict import ByteSpan
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform


class LastHead:
    """The corrected head that was computed last: those of a whole study are never held at once."""

    def __init__(self) -> None:
        self._last: tuple[str, CorrectedHead | None] | None = None

    def of(self, blobs: BlobStore, instance: Instance, corrected: CorrectedStudy) -> CorrectedHead | None:
        """Return the head of an object of the study, computed now unless it was the last."""
        last = self._last
        if last is None or last[0] != instance.sop_instance_uid:
            self._last = last = (instance.sop_instance_uid, corrected_head(blobs, instance, corrected))
        return last[1]


@dataclass(frozen=True, slots=True)
class OpenInstance:
    """One object that its reader may have, with what was corrected in it. Nothing is held open between two calls."""

    instance: Instance
    blobs: BlobStore
    corrected: CorrectedStudy | None = None
    last_head: LastHead = field(default_factory=LastHead, compare=False, repr=False)

    @property
    def head(self) -> CorrectedHead | None:
        """Return the beginning of the file as it is given, None where it is given as it is kept."""
        return None if self.corrected is None else self.last_head.of(self.blobs, self.instance, self.corrected)

    @property
    def study_uid(self) -> StudyUid:
        """Return the Study Instance UID."""
        return self.instance.study_uid

    @property
    def series_uid(self) -> SeriesUid:
        """Return the Series Instance UID."""
        return self.instance.series_uid

    @property
    def sop_instance_uid(self) -> SopInstanceUid:
        """Return the SOP Instance UID."""
        return self.instance.sop_instance_uid

    @property
    def sop_class_uid(self) -> str:
        """Return the SOP Class UID."""
        return self.instance.sop_class_uid

    @property
    def transfer_syntax_uid(self) -> str:
        """Return the transfer syntax in which the object is kept."""
        return self.instance.transfer_syntax_uid

    @property
    def size(self) -> int:
        """Count the bytes of the Part 10 file."""
        return self._size(self.head)

    @property
    def etag(self) -> str:
        """Return what changes whenever the bytes given out would, by correction too."""
        stored, head = self.instance.blob.sha256[:32], self.head
        return stored if head is None else f"{stored}-{hashlib.sha256(head.content).hexdigest()[:16]}"

    @property
    def frames(self) -> int:
        """Count the frames; 0 without pixels."""
        return self.instance.frames

    @property
    def data_set_offset(self) -> int:
        """Return where the data set begins in the file: what DIMSE sends starts here."""
        head = self.head
        return self.instance.data_set_offset if head is None else head.data_set_offset

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the Part 10 file, or a range of it, in pieces of at most 2 MiB."""
        head = self.head
        if head is not None:
            yield from self._corrected_chunks(head, offset, self._size(head) - offset if length is None else length)
            return
        with self.blobs.open(self.instance.blob) as reader:
            yield from reader.chunks(offset, length)

    def read(self, offset: int, length: int) -> bytes:
        """Return a range of the Part 10 file."""
        head = self.head
        if head is not None:
            return b"".join(self._corrected_chunks(head, offset, length))
        with self.blobs.open(self.instance.blob) as reader:
            return reader.read(offset, length)

    def _size(self, head: CorrectedHead | None) -> int:
        stored = self.instance.blob.size
        return stored if head is None else len(head.content) + stored - head.tail_offset

    def _corrected_chunks(self, head: CorrectedHead, offset: int, length: int) -> Iterator[bytes]:
        """Yield a range of the corrected beginning with the stored rest behind it."""
        before = head.content[offset : offset + length]
        if before:
            yield before
        start, left = max(0, offset - len(head.content)), min(length, self._size(head) - offset) - len(before)
        if left > 0:
            with self.blobs.open(self.instance.blob) as reader:
                yield from reader.chunks(head.tail_offset + start, left)


def open_instances(
    platform: Platform,
    subject: Subject,
    *,
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    action: Action = Action.RETRIEVE_IMAGES,
) -> list[OpenInstance]:
    """Return the objects of a study, a series or one object, and leave one entry in the trail.

    Raises NotFound when there is nothing, Forbidden when the policy says no.
    """
    scope = series_uid if sop_instance_uid is None else sop_instance_uid
    found = authorised_instances(
        platform,
        subject,
        action,
        study_uid=study_uid,
        series_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
        objects={"scope": scope or study_uid},
    )
    with platform.database.read(platform.tenant) as tx:
        return open_known(platform, tx, study_uid, found)


def open_known(platform: Platform, tx: Connection, study_uid: str, found: Sequence[Instance]) -> list[OpenInstance]:
    """Return objects of a study, which the caller may give out and writes down himself, with what was corrected in them."""
    corrected, last_head = find_corrected(tx, study_uid), LastHead()
    return [OpenInstance(one, platform.blobs, corrected, last_head) for one in found]


def may_still_go(platform: Platform, subject: Subject, opened: OpenInstance) -> bool:
    """Tell, in the midst of many, whether an object was neither rejected nor moved nor erased since it was opened."""
    uids = (opened.study_uid, opened.series_uid, opened.sop_instance_uid)
    with platform.database.read(platform.tenant) as tx:
        patient_id, _ = list_instances_and_patient(tx, *uids, where=visible_instances(subject, named=True))
    return patient_id is not None


def transcoded(platform: Platform, opened: OpenInstance, transfer_syntax_uid: str) -> bytes:
    """Return the whole file in another transfer syntax, made in a process that may be killed.

    In the syntax in which a recompressed object was received: the very file that was received.
    """
    original = find_original_form(platform, opened.instance) if opened.head is None else None
    if original is not None and original.transfer_syntax_uid == transfer_syntax_uid:
        return read_original(platform, opened.instance, original)
    return reencoded_file(platform.sandbox, opened.read(0, opened.size), transfer_syntax_uid)


@dataclass(frozen=True, slots=True)
class OpenFrames:
    """Some frames of one object, as stored or in another transfer syntax."""

    platform: Platform
    instance: Instance
    frames: tuple[int, ...]

    @property
    def etag(self) -> str:
        """Return what changes whenever the bytes of these frames would."""
        return f"{self.instance.blob.sha256[:32]}-{'.'.join(map(str, self.frames))}"

    def length(self, frame: int) -> int | None:
        """Return the number of stored bytes of a frame, None when only reading tells."""
        spans = known_frame_spans(self.instance, frame)
        return sum(span.length for span in spans) if spans is not None else None

    def stored(self, frame: int) -> Iterator[bytes]:
        """Yield the stored bytes of a frame in pieces."""
        with self.platform.blobs.open(self.instance.blob) as reader:
            yield from frame_pieces(reader, self.instance, frame)

    def stored_range(self, frame: int, offset: int, length: int) -> Iterator[bytes]:
        """Yield a range of the stored bytes of a frame: of HTJ2K, a prefix is a smaller picture."""
        place, end = 0, offset + length
        for piece in self.stored(frame):
            wanted = piece[max(0, offset - place) : max(0, end - place)]
            if wanted:
                yield wanted
            place += len(piece)
            if place >= end:
                return

    def encoded(self, frame: int, transfer_syntax_uid: str) -> bytes:
        """Return a frame in this transfer syntax."""
        stored = read_frame(self.platform.blobs, self.instance, frame)
        pixels = self.instance.pixels
        if pixels is None or transfer_syntax_uid == self.instance.transfer_syntax_uid:
            return stored
        return reencoded_frame(self.platform.sandbox, stored, pixels, self.instance.transfer_syntax_uid, transfer_syntax_uid)


def open_frames(
    platform: Platform,
    subject: Subject,
    *,
    study_uid: str,
    series_uid: str,
    sop_instance_uid: str,
    frames: Sequence[int],
    action: Action = Action.VIEW_IMAGES,
) -> OpenFrames:
    """Return frames (counted from 1) of one object; the first of a viewing leaves an entry in the trail."""
    instance = authorised_instances(
        platform, subject, action, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid
    )[0]
    if not frames or any(not 1 <= frame <= instance.frames for frame in frames):
        raise NotFound("There is no such frame.", reason="no_such_frame")
    return OpenFrames(platform, instance, tuple(frames))


def read_pixels(platform: Platform, instance: Instance, frame: int = 1) -> NDArray[np.generic]:
    """Return the decoded cells of a frame `(rows, columns[, samples])` to a part of the product; leaves no trace."""
    if instance.pixels is None:
        raise NotFound("The object has no frames.", reason="no_such_frame")
    encoded = read_frame(platform.blobs, instance, frame)
    return decoded_frame(platform.sandbox, encoded, instance.pixels, instance.transfer_syntax_uid)


@dataclass(frozen=True, slots=True)
class OpenPixelData:
    """The value of native pixel data, whole or by range."""

    blobs: BlobStore
    instance: Instance
    span: ByteSpan

    @property
    def length(self) -> int:
        """Count the bytes."""
        return self.span.length

    @property
    def etag(self) -> str:
        """Return what changes whenever the bytes would."""
        return f"{self.instance.blob.sha256[:32]}-pixels"

    def chunks(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield a range in pieces."""
        with self.blobs.open(self.instance.blob) as reader:
            yield from pieces(reader, self.instance, ByteSpan(self.span.offset + offset, length))


def open_pixel_data(
    platform: Platform, subject: Subject, *, study_uid: str, series_uid: str, sop_instance_uid: str
) -> OpenPixelData | OpenFrames:
    """Return the value of native pixel data as stored; of compressed pixel data all frames."""
    instance = authorised_instances(
        platform,
        subject,
        Action.VIEW_IMAGES,
        study_uid=study_uid,
        series_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
    )[0]
    if instance.pixel_offset is None or instance.pixel_length is None:
        raise NotFound("The object has no pixels.", reason="no_such_bulk_data")
    if is_encapsulated(instance):
        return OpenFrames(platform, instance, tuple(range(1, instance.frames + 1)))
    span = ByteSpan(instance.pixel_offset, instance.pixel_length)
    return OpenPixelData(platform.blobs, instance, span)
