"""A stored object without its identity, streamed: the header is cleaned, the pixels follow as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.archive.corrections.giving import corrected_header
from negatoscope.archive.corrections.marks import CorrectedStudy
from negatoscope.archive.decoding import decoded_frame
from negatoscope.archive.model import Instance
from negatoscope.archive.open import OpenInstance
from negatoscope.archive.stored_file import is_deflated, is_encapsulated, pieces, read_frame, read_header
from negatoscope.formats.dicom.deidentification.burned_in import looks_like_text
from negatoscope.formats.dicom.deidentification.deidentify import Concern, deidentify
from negatoscope.formats.dicom.deidentification.profile import Profile
from negatoscope.formats.dicom.deidentification.pseudonyms import Pseudonyms
from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set, file_head
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.verdict import ByteSpan
from negatoscope.platform.errors import InvalidInput, Refused
from negatoscope.platform.runtime import Platform

_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disguise:
    """How objects lose their identity: the profile, and the secret key of the project."""

    profile: Profile
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingObject:
    """An object as it leaves: its header without pixels, its syntax, its bytes, and what must be looked at."""

    header: Dataset
    transfer_syntax_uid: str
    chunks: Iterator[bytes]
    concerns: frozenset[Concern] = frozenset()


def disguised(
    platform: Platform, instance: Instance, disguise: Disguise, *, patient: str, corrected: CorrectedStudy | None = None
) -> OutgoingObject:
    """Return an object without identity; `patient` tells the patients of a project apart.

    Raises Refused for what cannot be de-identified.
    """
    header = _header(platform, instance, corrected)
    if header is None:
        header = data_set_from_header(read_header(platform.blobs, instance), instance.transfer_syntax_uid)
    cleaned = deidentify(header, disguise.profile, Pseudonyms(disguise.key, patient=patient))
    syntax = _rewritten_syntax(instance)
    return OutgoingObject(
        header=cleaned.data_set,
        transfer_syntax_uid=syntax,
        chunks=_chunks(platform, instance, cleaned.data_set, syntax),
        concerns=cleaned.concerns | _seen_concerns(platform, instance),
    )


def with_identity(platform: Platform, instance: Instance, corrected: CorrectedStudy | None = None) -> OutgoingObject:
    """Return an object as it is kept, or with the identity on record where that was corrected.

    A corrected copy in somebody's hands says nothing of whose it was believed to be: no Original Attributes Sequence.
    """
    header = _header(platform, instance, corrected)
    if header is None:
        kept = instance.transfer_syntax_uid
        header = data_set_from_header(read_header(platform.blobs, instance), kept)
        return OutgoingObject(header=header, transfer_syntax_uid=kept, chunks=OpenInstance(instance, platform.blobs).chunks())
    header.pop("OriginalAttributesSequence", None)
    syntax = _rewritten_syntax(instance)
    return OutgoingObject(header=header, transfer_syntax_uid=syntax, chunks=_chunks(platform, instance, header, syntax))


def _header(platform: Platform, instance: Instance, corrected: CorrectedStudy | None) -> Dataset | None:
    """Return the header with what was corrected in it, None when it is given as it was sent."""
    content = corrected_header(platform.blobs, instance, corrected) if corrected is not None else None
    return data_set_from_header(content, _rewritten_syntax(instance)) if content is not None else None


def _rewritten_syntax(instance: Instance) -> str:
    return EXPLICIT_VR_LITTLE_ENDIAN if is_deflated(instance) else instance.transfer_syntax_uid


def _chunks(platform: Platform, instance: Instance, cleaned: Dataset, syntax: str) -> Iterator[bytes]:
    yield file_head(
        sop_class_uid=str(cleaned.SOPClassUID),
        sop_instance_uid=str(cleaned.SOPInstanceUID),
        transfer_syntax_uid=syntax,
    )
    yield encode_data_set(cleaned, syntax)
    if instance.pixel_offset is None or instance.pixel_length is None:
        return
    # From the tag of the pixel data to the end of its value: what follows it, signatures or padding, stays behind.
    end = instance.pixel_offset + instance.pixel_length
    last = b""
    with platform.blobs.open(instance.blob) as reader:
        for piece in pieces(reader, instance, ByteSpan(instance.header_end, end - instance.header_end)):
            last = (last + piece)[-len(_SEQUENCE_END) :]
            yield piece
    if is_encapsulated(instance) and last != _SEQUENCE_END:
        yield _SEQUENCE_END


def _seen_concerns(platform: Platform, instance: Instance) -> frozenset[Concern]:
    """Look at the first frame."""
    if instance.pixels is None:
        return frozenset()
    try:
        encoded = read_frame(platform.blobs, instance, 1)
        frame = decoded_frame(platform.sandbox, encoded, instance.pixels, instance.transfer_syntax_uid)
    except (Refused, InvalidInput):
        return frozenset({Concern.NOT_LOOKED_AT})
    return frozenset({Concern.LOOKS_LIKE_TEXT}) if looks_like_text(frame) else frozenset()
