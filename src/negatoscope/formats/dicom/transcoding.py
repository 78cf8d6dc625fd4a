"""A whole object in another transfer syntax, without loss, pixels and header together."""

from __future__ import annotations

from dataclasses import replace

from pydicom.dataset import Dataset

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set, file_head
from negatoscope.formats.dicom.frames import encapsulate, native_frame_span, split_frames
from negatoscope.formats.dicom.gate import Gate
from negatoscope.formats.dicom.json_model import bulk_value
from negatoscope.formats.dicom.pixels import decode_frame, encode_frame, photometric_after_decoding
from negatoscope.formats.dicom.transfer_syntaxes import TransferSyntax, find_transfer_syntax
from negatoscope.formats.dicom.verdict import Verdict
from negatoscope.platform.errors import CorruptObject, InvalidInput

_EXTENDED_OFFSET_TABLE = "7FE00001"


def transcode_file(file: bytes, target_uid: str) -> bytes:
    """Return the Part 10 file in the target syntax. Raise CorruptObject when the pixels cannot be decoded."""
    target = find_transfer_syntax(target_uid)
    if target is None or target.deflated or target.lossy:
        raise InvalidInput("Objects are not rewritten in this transfer syntax.", reason="not_encodable")
    gate = Gate(header_limit=len(file))
    gate.feed(file)
    verdict = gate.finish()
    if not verdict.accepted or verdict.attributes is None or verdict.header is None:
        raise CorruptObject("A kept object does not pass the gate.", reason=str(verdict.refusal))
    if verdict.transfer_syntax_uid == target_uid:
        return file
    attributes = verdict.attributes
    data_set = data_set_from_header(verdict.header, str(verdict.transfer_syntax_uid))
    if attributes.pixels is not None:
        _set_pixels(data_set, file, verdict, attributes.pixels, target)
    head = file_head(
        sop_class_uid=attributes.sop_class_uid,
        sop_instance_uid=attributes.sop_instance_uid,
        transfer_syntax_uid=target_uid,
    )
    return head + encode_data_set(data_set, target_uid)


def _set_pixels(data_set: Dataset, file: bytes, verdict: Verdict, pixels: PixelDescription, target: TransferSyntax) -> None:
    source_uid = str(verdict.transfer_syntax_uid)
    photometric = photometric_after_decoding(pixels, source_uid)
    if photometric != pixels.photometric_interpretation:
        data_set.PhotometricInterpretation = photometric
    if pixels.samples_per_pixel > 1:
        data_set.PlanarConfiguration = 0
    written = _as_written(pixels, photometric)
    frames = [
        encode_frame(decode_frame(encoded, pixels, source_uid), written, target.uid)
        for encoded in _encoded_frames(file, verdict, pixels)
    ]
    for tag in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if tag in data_set:
            delattr(data_set, tag)
    value = encapsulate(frames) if target.encapsulated else b"".join(frames)
    vr = "OB" if target.encapsulated or pixels.bits_allocated <= 8 else "OW"
    data_set.add_new(0x7FE00010, vr, value + b"\0" * (len(value) & 1))
    data_set["PixelData"].is_undefined_length = target.encapsulated


def _as_written(pixels: PixelDescription, photometric: str) -> PixelDescription:
    return replace(pixels, planar_configuration=0, photometric_interpretation=photometric)


def _encoded_frames(file: bytes, verdict: Verdict, pixels: PixelDescription) -> list[bytes]:
    span = verdict.pixel_data
    if span is None:
        return []
    source = find_transfer_syntax(str(verdict.transfer_syntax_uid))
    if source is not None and source.deflated:
        raise InvalidInput("Deflated objects are not rewritten.", reason="not_decodable")
    if not span.encapsulated:
        spans = [native_frame_span(pixels, span.offset, frame) for frame in range(1, pixels.frames + 1)]
        return [file[part.offset : part.offset + part.length] for part in spans]
    table = bulk_value(verdict.header or b"", str(verdict.transfer_syntax_uid), _EXTENDED_OFFSET_TABLE) or b""
    return split_frames(file[span.offset : span.offset + span.length], pixels.frames, extended_offset_table=table)
