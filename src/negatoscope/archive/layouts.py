"""Where the parts of a stored file lie, from what the gate found while its bytes passed."""

from __future__ import annotations

from typing import Final

from negatoscope.archive.frame_index import WindowedRead, index_frames, moved
from negatoscope.archive.rows import Layout
from negatoscope.formats.dicom.json_model import bulk_value
from negatoscope.formats.dicom.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.verdict import PixelDataSpan, Verdict
from negatoscope.platform.blobs.port import BlobRef, BlobStore

_EXTENDED_OFFSET_TABLE: Final = "7FE00001"


def layout_of(blobs: BlobStore, verdict: Verdict, blob: BlobRef, *, shift: int = 0) -> Layout:
    """Return the layout; `shift` is what the stored file has before the received bytes more than they had themselves."""
    if not verdict.accepted:
        return Layout(data_set_offset=0, header_end=0, pixel_data=None, frame_index=None)
    is_deflated = verdict.transfer_syntax_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    pixel_data = moved(verdict.pixel_data, shift) if verdict.pixel_data is not None else None
    return Layout(
        data_set_offset=verdict.data_set_offset + shift,
        header_end=verdict.header_end + shift,
        pixel_data=pixel_data,
        frame_index=None if is_deflated else _frame_index(blobs, pixel_data, verdict, blob),
    )


def _frame_index(blobs: BlobStore, span: PixelDataSpan | None, verdict: Verdict, blob: BlobRef) -> bytes | None:
    if span is None or not span.encapsulated or verdict.attributes is None:
        return None
    table = bulk_value(verdict.header, verdict.transfer_syntax_uid or "", _EXTENDED_OFFSET_TABLE) if verdict.header else None
    with blobs.open(blob) as reader:
        read = WindowedRead(reader.read, reader.size)
        return index_frames(span, verdict.attributes.frames, read, extended_offset_table=table or b"")
