"""The pixel functions with plain values only, for a process apart that takes no others and may be killed."""

from __future__ import annotations

from collections.abc import Mapping

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.greyscale_plain import greyscale_from_plain
from negatoscope.formats.dicom.pixels import (
    Frame,
    decode_frame,
    encode_frame,
    photometric_after_decoding,
    transcode_frame,
)
from negatoscope.formats.dicom.rendering import picture_from_plain, render_frame
from negatoscope.formats.dicom.transcoding import transcode_file

PlainPixels = Mapping[str, int | bool | str]


def decode_frame_plain(encoded: bytes, pixels: PlainPixels, transfer_syntax_uid: str) -> Frame:
    """Decode one frame; ``pixels`` is what ``PixelDescription.as_plain`` gives."""
    return decode_frame(encoded, PixelDescription.from_plain(pixels), transfer_syntax_uid)


def encode_frame_plain(frame: Frame, pixels: PlainPixels, transfer_syntax_uid: str) -> bytes:
    """Encode one frame without loss."""
    return encode_frame(frame, PixelDescription.from_plain(pixels), transfer_syntax_uid)


def transcode_frame_plain(encoded: bytes, pixels: PlainPixels, source_uid: str, target_uid: str) -> bytes:
    """Decode one frame and encode it in another syntax without loss."""
    return transcode_frame(encoded, PixelDescription.from_plain(pixels), source_uid, target_uid)


def transcode_file_plain(file: bytes, target_uid: str) -> bytes:
    """Rewrite a whole Part 10 file in another syntax without loss."""
    return transcode_file(file, target_uid)


def render_frame_plain(
    encoded: bytes,
    pixels: PlainPixels,
    transfer_syntax_uid: str,
    greyscale: Mapping[str, object] | None,
    picture: Mapping[str, int | str | None],
) -> bytes:
    """Decode one frame and render it.

    ``greyscale`` is what ``greyscale_as_plain`` gives, None for colour; ``picture`` what ``picture_as_plain`` gives.
    """
    described = PixelDescription.from_plain(pixels)
    viewport, media_type, quality, captions = picture_from_plain(picture)
    return render_frame(
        decode_frame(encoded, described, transfer_syntax_uid),
        described,
        None if greyscale is None else greyscale_from_plain(greyscale),
        viewport,
        photometric_interpretation=photometric_after_decoding(described, transfer_syntax_uid),
        media_type=media_type,
        quality=quality,
        captions=captions,
    )
