"""Decode and encode pixels in processes that may be killed: plain values go in, plain values come out."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.isolated import decode_frame_plain, transcode_file_plain, transcode_frame_plain
from negatoscope.formats.dicom.pixels import decode_frame, transcode_frame
from negatoscope.formats.dicom.transfer_syntaxes import find_transfer_syntax
from negatoscope.platform.sandbox import Sandbox

FRAME_TIMEOUT_S: Final = 30.0
FILE_TIMEOUT_S: Final = 300.0


def decoded_frame(sandbox: Sandbox, encoded: bytes, pixels: PixelDescription, transfer_syntax_uid: str) -> NDArray[np.generic]:
    """Decode one frame; native pixels are only looked at differently and need no other process."""
    if is_native(transfer_syntax_uid):
        return decode_frame(encoded, pixels, transfer_syntax_uid)
    return sandbox.run(decode_frame_plain, encoded, pixels.as_plain(), transfer_syntax_uid, timeout_s=FRAME_TIMEOUT_S)


def reencoded_frame(sandbox: Sandbox, encoded: bytes, pixels: PixelDescription, source_uid: str, target_uid: str) -> bytes:
    """Return one frame in another transfer syntax."""
    if source_uid == target_uid:
        return encoded
    if is_native(source_uid) and is_native(target_uid):
        return transcode_frame(encoded, pixels, source_uid, target_uid)
    return sandbox.run(transcode_frame_plain, encoded, pixels.as_plain(), source_uid, target_uid, timeout_s=FRAME_TIMEOUT_S)


def reencoded_file(sandbox: Sandbox, file: bytes, target_uid: str) -> bytes:
    """Return a whole Part 10 file in another transfer syntax."""
    return sandbox.run(transcode_file_plain, file, target_uid, timeout_s=FILE_TIMEOUT_S)


def is_native(transfer_syntax_uid: str) -> bool:
    """Tell whether pixels in this syntax are not compressed."""
    syntax = find_transfer_syntax(transfer_syntax_uid)
    return syntax is not None and not syntax.encapsulated
