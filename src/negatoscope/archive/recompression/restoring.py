"""Give back the form as received, to the last bit: what was put aside of it, and its pixels out of the kept form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from negatoscope.archive.decoding import reencoded_frame
from negatoscope.archive.model import Instance
from negatoscope.archive.recompression.model import OriginalForm
from negatoscope.archive.recompression.store import find_original
from negatoscope.archive.stored_file import read_frame, read_header
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.errors import CorruptObject, NegatoscopeError, NotFound
from negatoscope.platform.runtime import Platform


def find_original_form(platform: Platform, instance: Instance) -> OriginalForm | None:
    """Return what rebuilds the object as received; None for one that is kept as it was."""
    with platform.database.read(platform.tenant) as tx:
        return find_original(tx, instance.sop_instance_uid)


def original_pieces(platform: Platform, instance: Instance, original: OriginalForm) -> Iterator[bytes]:
    """Yield the file as it was received, frame by frame; `instance` is its kept form."""
    if instance.pixels is None:
        raise NotFound("The object has no frames.", reason="no_such_frame")
    yield original.head
    yield original.header if original.header is not None else read_header(platform.blobs, instance)
    yield original.pixel_header
    for frame in range(1, instance.frames + 1):
        kept = read_frame(platform.blobs, instance, frame)
        yield reencoded_frame(platform.sandbox, kept, instance.pixels, instance.transfer_syntax_uid, EXPLICIT_VR_LITTLE_ENDIAN)
    yield original.rest


def read_original(platform: Platform, instance: Instance, original: OriginalForm) -> bytes:
    """Return the file as it was received; raise CorruptObject when it is not that any more."""
    whole = b"".join(original_pieces(platform, instance, original))
    if hashlib.sha256(whole).hexdigest() != original.sha256:
        raise CorruptObject("An object cannot be given back as it was received.", reason="other_original_hash")
    return whole


def check_original(platform: Platform, instance: Instance) -> str | None:
    """Return what is wrong with the form as received; None when it can be given back, or is what is kept."""
    original = find_original_form(platform, instance)
    if original is None:
        return None
    digest = hashlib.sha256()
    try:
        for piece in original_pieces(platform, instance, original):
            digest.update(piece)
    except NegatoscopeError as error:
        return error.reason
    return None if digest.hexdigest() == original.sha256 else "other_original_hash"
