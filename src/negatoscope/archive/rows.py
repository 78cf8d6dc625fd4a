"""Turn the facts that the gate found into rows. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from negatoscope.archive.model import Instance, Study, StudyState
from negatoscope.archive.sent_identity import issuer_of
from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.formats.dicom.verdict import PixelDataSpan
from negatoscope.platform.blobs.port import BlobRef

LONGEST_TEXT: Final = 512  # no attribute of the index may be longer by the standard; an index entry has a limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of the stored file lie."""

    data_set_offset: int
    header_end: int
    pixel_data: PixelDataSpan | None
    frame_index: bytes | None


def study_of(attributes: InstanceAttributes, patient_id: UUID, *, default_issuer: str, at: datetime) -> Study:
    """Return the row of a study that arrives."""
    return Study(
        study_uid=attributes.study_instance_uid,
        patient_id=patient_id,
        patient_name=_short(attributes.patient_name),
        patient_identifier=_short(attributes.patient_id),
        patient_issuer=_short(issuer_of(attributes, default_issuer)) if attributes.patient_id else "",
        patient_birth_date=attributes.patient_birth_date,
        patient_sex=_short(attributes.patient_sex),
        accession_number=_short(attributes.accession_number),
        accession_issuer=_short(attributes.issuer_of_accession_number or attributes.issuer_of_accession_number_universal),
        study_identifier=_short(attributes.study_id),
        study_date=attributes.study_date,
        study_time=attributes.study_time,
        study_description=_short(attributes.study_description),
        referring_physician=_short(attributes.referring_physician_name),
        requests=attributes.requests,
        modalities=(_short(attributes.modality),) if attributes.modality else (),
        state=StudyState.RECEIVING,
        stable_reason=None,
        stable_at=None,
        instances=0,
        series=0,
        received_at=at,
        last_received_at=at,
        version=1,
        timezone_offset=attributes.timezone_offset_from_utc,
    )


def series_values(attributes: InstanceAttributes, at: datetime) -> dict[str, object]:
    """Return the columns of a series that arrives."""
    return {
        "study_uid": attributes.study_instance_uid,
        "series_uid": attributes.series_instance_uid,
        "modality": _short(attributes.modality),
        "series_number": attributes.series_number,
        "series_description": _short(attributes.series_description),
        "series_date": attributes.series_date,
        "series_time": attributes.series_time,
        "body_part": _short(attributes.body_part_examined),
        "laterality": side_of(attributes),
        "protocol_name": _short(attributes.protocol_name),
        "station_name": _short(attributes.station_name),
        "institution_name": _short(attributes.institution_name),
        "manufacturer": _short(attributes.manufacturer),
        "model_name": _short(attributes.model_name),
        "operators_name": _short(attributes.operators_name),
        "performed_step_identifier": _short(attributes.performed_step_id),
        "performed_step_uid": _short(attributes.performed_step_uid),
        "requests": [asdict(request) for request in attributes.requests],
        "received_at": at,
    }


def side_of(attributes: InstanceAttributes) -> str:
    """Return the side an object shows: that of the image, else that of its series."""
    return _short(attributes.image_laterality or attributes.laterality)


def instance_of(
    attributes: InstanceAttributes,
    *,
    transfer_syntax_uid: str,
    layout: Layout,
    warnings: tuple[str, ...],
    source: str,
    at: datetime,
    blob: BlobRef,
) -> Instance:
    """Return the row of an instance."""
    pixel_data = layout.pixel_data
    return Instance(
        study_uid=attributes.study_instance_uid,
        series_uid=attributes.series_instance_uid,
        sop_instance_uid=attributes.sop_instance_uid,
        sop_class_uid=attributes.sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        instance_number=attributes.instance_number,
        pixels=attributes.pixels,
        data_set_offset=layout.data_set_offset,
        header_end=layout.header_end,
        pixel_tag=pixel_data.tag if pixel_data is not None else None,
        pixel_offset=pixel_data.offset if pixel_data is not None else None,
        pixel_length=pixel_data.length if pixel_data is not None else None,
        frame_index=layout.frame_index,
        warnings=warnings,
        source=source,
        received_at=at,
        blob=blob,
    )


def _short(value: str) -> str:
    return value[:LONGEST_TEXT]
