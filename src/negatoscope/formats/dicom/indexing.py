"""Build the indexed attributes of one instance from the raw values kept in the gate's single pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time

from negatoscope.formats.dicom.attributes import (
    AttributeReader,
    Exposure,
    ForeignIdentifier,
    InstanceAttributes,
    PixelDescription,
    RawValues,
    Request,
    first_code,
)
from negatoscope.formats.dicom.charsets import TextDecoder
from negatoscope.formats.dicom.uids import SeriesUid, SopInstanceUid, StudyUid

RawItems = Mapping[str, Sequence[RawValues]]


def instance_attributes(
    values: RawValues, items: RawItems, pixels: PixelDescription | None, warnings: set[str]
) -> InstanceAttributes:
    """Decode the kept values. UIDs must have been checked before. Adds to the warnings."""
    decoder = TextDecoder(values.get("SpecificCharacterSet", b""))
    if not decoder.known:
        warnings.add("unknown_character_set")
    read = AttributeReader(values, decoder, warnings)
    nothing = AttributeReader({}, decoder, warnings)

    def first_item(keyword: str) -> AttributeReader:
        found = items.get(keyword)
        return AttributeReader(found[0], decoder, warnings) if found else nothing

    patient_issuer = first_item("IssuerOfPatientIDQualifiersSequence")
    accession_issuer = first_item("IssuerOfAccessionNumberSequence")
    return InstanceAttributes(
        specific_character_set=read.whole("SpecificCharacterSet"),
        sop_class_uid=read.text("SOPClassUID"),
        sop_instance_uid=SopInstanceUid(read.text("SOPInstanceUID")),
        study_instance_uid=StudyUid(read.text("StudyInstanceUID")),
        series_instance_uid=SeriesUid(read.text("SeriesInstanceUID")),
        patient_id=read.text("PatientID"),
        issuer_of_patient_id=read.text("IssuerOfPatientID"),
        issuer_of_patient_id_universal=patient_issuer.text("UniversalEntityID"),
        other_patient_ids=_other_patient_ids(items.get("OtherPatientIDsSequence", ()), decoder),
        patient_name=read.person_name("PatientName"),
        patient_birth_date=read.date("PatientBirthDate"),
        patient_sex=read.text("PatientSex"),
        patient_age=read.text("PatientAge"),
        patient_weight_kg=read.decimal("PatientWeight"),
        accession_number=read.text("AccessionNumber"),
        issuer_of_accession_number=accession_issuer.text("LocalNamespaceEntityID"),
        issuer_of_accession_number_universal=accession_issuer.text("UniversalEntityID"),
        study_id=read.text("StudyID"),
        study_date=read.date("StudyDate"),
        study_time=read.time("StudyTime"),
        study_description=read.text("StudyDescription"),
        referring_physician_name=read.person_name("ReferringPhysicianName"),
        procedure_code=first_code(items.get("ProcedureCodeSequence", ()), decoder),
        requests=_requests(items.get("RequestAttributesSequence", ()), decoder),
        performed_step_id=read.text("PerformedProcedureStepID"),
        performed_step_uid=first_item("ReferencedPerformedProcedureStepSequence").text("ReferencedSOPInstanceUID"),
        timezone_offset_from_utc=read.text("TimezoneOffsetFromUTC"),
        modality=read.text("Modality"),
        series_number=read.integer("SeriesNumber"),
        series_description=read.text("SeriesDescription"),
        series_date=read.date("SeriesDate"),
        series_time=read.time("SeriesTime"),
        body_part_examined=read.text("BodyPartExamined"),
        anatomic_region=first_code(items.get("AnatomicRegionSequence", ()), decoder),
        laterality=read.text("Laterality"),
        protocol_name=read.text("ProtocolName"),
        operators_name=read.person_name("OperatorsName"),
        instance_number=read.integer("InstanceNumber"),
        image_type=read.texts("ImageType"),
        presentation_intent=read.text("PresentationIntentType"),
        image_laterality=read.text("ImageLaterality"),
        view_position=read.text("ViewPosition"),
        view_code=first_code(items.get("ViewCodeSequence", ()), decoder),
        patient_orientation=read.texts("PatientOrientation"),
        acquired_at=_acquired_at(read),
        content_date=read.date("ContentDate"),
        content_time=read.time("ContentTime"),
        pixel_spacing_mm=read.decimals("PixelSpacing"),
        imager_pixel_spacing_mm=read.decimals("ImagerPixelSpacing"),
        is_lossy=read.text("LossyImageCompression") == "01",
        has_burned_in_annotation=read.text("BurnedInAnnotation") == "YES",
        document_title=read.whole("DocumentTitle"),
        concept_name=first_code(items.get("ConceptNameCodeSequence", ()), decoder),
        manufacturer=read.text("Manufacturer"),
        model_name=read.text("ManufacturerModelName"),
        device_serial_number=read.text("DeviceSerialNumber"),
        station_name=read.text("StationName"),
        institution_name=read.text("InstitutionName"),
        exposure=_exposure(read),
        pixels=pixels,
    )


def _acquired_at(read: AttributeReader) -> datetime | None:
    whole = read.date_time("AcquisitionDateTime")
    if whole is not None:
        return whole
    day = read.date("AcquisitionDate")
    return datetime.combine(day, read.time("AcquisitionTime") or time()) if day is not None else None


def _exposure(read: AttributeReader) -> Exposure:
    micro_ampere_seconds = read.integer("ExposureInuAs")
    ampere_seconds = read.integer("Exposure")
    # The attribute in µAs keeps what the integer in mAs rounds away: short chest exposures are below 2 mAs.
    exposure_mas = micro_ampere_seconds / 1000 if micro_ampere_seconds else ampere_seconds
    return Exposure(
        kvp_kv=read.decimal("KVP"),
        exposure_time_ms=read.integer("ExposureTime"),
        tube_current_ma=read.integer("XRayTubeCurrent"),
        exposure_mas=exposure_mas,
        dose_area_product_dgy_cm2=read.decimal("ImageAndFluoroscopyAreaDoseProduct"),
        entrance_dose_mgy=read.decimal("EntranceDoseInmGy"),
        exposure_index=read.decimal("ExposureIndex"),
        target_exposure_index=read.decimal("TargetExposureIndex"),
        deviation_index=read.decimal("DeviationIndex"),
        relative_exposure=read.integer("RelativeXRayExposure"),
        source_to_detector_mm=read.decimal("DistanceSourceToDetector"),
        body_part_thickness_mm=read.decimal("BodyPartThickness"),
    )


def _other_patient_ids(items: Sequence[RawValues], decoder: TextDecoder) -> tuple[ForeignIdentifier, ...]:
    readers = [AttributeReader(item, decoder, set()) for item in items]
    return tuple(
        ForeignIdentifier(value=reader.text("PatientID"), issuer=reader.text("IssuerOfPatientID"))
        for reader in readers
        if reader.text("PatientID")
    )


def _requests(items: Sequence[RawValues], decoder: TextDecoder) -> tuple[Request, ...]:
    readers = [AttributeReader(item, decoder, set()) for item in items]
    return tuple(
        Request(
            accession_number=reader.text("AccessionNumber"),
            study_instance_uid=reader.text("StudyInstanceUID"),
            requested_procedure_id=reader.text("RequestedProcedureID"),
            scheduled_step_id=reader.text("ScheduledProcedureStepID"),
            scheduled_step_description=reader.text("ScheduledProcedureStepDescription"),
        )
        for reader in readers
    )
