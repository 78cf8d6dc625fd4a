"""Give an object out as the archive knows it: the identity on record, the study and series in which it stands.

Where nothing differs from what was sent, the very bytes that were received are given. Pixels are never touched.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pydicom.dataset import Dataset

from negatoscope.archive.corrections.marks import CorrectedStudy
from negatoscope.archive.model import Instance
from negatoscope.archive.stored_file import is_deflated, read_header
from negatoscope.formats.dicom.corrected_attributes import correct_attributes
from negatoscope.formats.dicom.files import IMPLEMENTATION_VERSION_NAME, data_set_from_header, encode_data_set, file_head
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.errors import CorruptObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedHead:
    """What stands in a file before the pixels, corrected; the stored file follows it from `tail_offset` on."""

    content: bytes
    data_set_offset: int
    tail_offset: int


def corrected_header(blobs: BlobStore, instance: Instance, corrected: CorrectedStudy) -> bytes | None:
    """Return the encoded elements before the pixel data as they are to be given, None when they were sent so."""
    syntax = EXPLICIT_VR_LITTLE_ENDIAN if is_deflated(instance) else instance.transfer_syntax_uid
    data_set = data_set_from_header(read_header(blobs, instance), instance.transfer_syntax_uid)
    if not correct_attributes(
        data_set, _values(instance, corrected, data_set), at=corrected.corrected_at, system=IMPLEMENTATION_VERSION_NAME
    ):
        return None
    return encode_data_set(data_set, syntax)


def given_attributes(blobs: BlobStore, instance: Instance, corrected: CorrectedStudy | None) -> Dataset:
    """Return the attributes of an object as they are given out, without its pixels."""
    header = corrected_header(blobs, instance, corrected) if corrected is not None else None
    return data_set_from_header(read_header(blobs, instance) if header is None else header, instance.transfer_syntax_uid)


def corrected_head(blobs: BlobStore, instance: Instance, corrected: CorrectedStudy | None) -> CorrectedHead | None:
    """Return the beginning of the file as it is to be given, None when the stored file is given as it is."""
    header = corrected_header(blobs, instance, corrected) if corrected is not None else None
    if header is None:
        return None
    head = file_head(
        sop_class_uid=instance.sop_class_uid,
        sop_instance_uid=instance.sop_instance_uid,
        transfer_syntax_uid=instance.transfer_syntax_uid,
    )
    if not is_deflated(instance):
        return CorrectedHead(content=head + header, data_set_offset=len(head), tail_offset=instance.header_end)
    whole = head + _deflated(header + _inflated_rest(blobs, instance))
    return CorrectedHead(content=whole, data_set_offset=len(head), tail_offset=instance.blob.size)


def _values(instance: Instance, corrected: CorrectedStudy, sent: Dataset) -> dict[str, str]:
    born = corrected.patient_birth_date
    values = {
        "PatientName": corrected.patient_name,
        "PatientID": corrected.patient_identifier,
        "IssuerOfPatientID": corrected.patient_issuer,
        "PatientBirthDate": born.strftime("%Y%m%d") if born is not None else "",
        "PatientSex": corrected.patient_sex,
        "StudyInstanceUID": str(instance.study_uid),
        "SeriesInstanceUID": str(instance.series_uid),
    }
    if str(sent.get("PatientID") or "") == corrected.patient_identifier and not sent.get("IssuerOfPatientID"):
        del values["IssuerOfPatientID"]  # the house's own, which its devices leave out
    return values | ({"AccessionNumber": corrected.accession_number} if corrected.accession_number else {})


def _inflated_rest(blobs: BlobStore, instance: Instance) -> bytes:
    """Return all that follows the header of a deflated object, inflated; the gate has inflated it before, within its limits."""
    with blobs.open(instance.blob) as reader:
        deflated = reader.read(instance.data_set_offset, instance.blob.size - instance.data_set_offset)
    try:
        whole = zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(deflated)
    except zlib.error as error:
        raise CorruptObject("A deflated object cannot be inflated.", reason="bad_deflate") from error
    return whole[instance.header_end - instance.data_set_offset :]


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    content = deflater.compress(data) + deflater.flush()
    return content + b"\0" * (len(content) & 1)
