"""What the gate knows of data elements: representations (PS3.5 6.2), sequences, and the attributes it keeps for the index."""

from __future__ import annotations

from typing import Final

from pydicom._dicom_dict import DicomDictionary

UNDEFINED_LENGTH: Final = 0xFFFFFFFF
ITEM: Final = 0xFFFEE000
ITEM_DELIMITER: Final = 0xFFFEE00D
SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
PIXEL_DATA: Final = 0x7FE00010
FLOAT_PIXEL_DATA: Final = 0x7FE00008
DOUBLE_FLOAT_PIXEL_DATA: Final = 0x7FE00009
PIXEL_DATA_TAGS: Final = frozenset({PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA})

# PS3.5 table 7.1-1: these have two reserved bytes and a length of 32 bits; all others a length of 16 bits.
LONG_VRS: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT_VRS: Final = frozenset(
    {
        *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT"),
        *(b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"),
    }
)

# In implicit VR only the dictionary tells a sequence of defined length from opaque bytes.
SEQUENCE_TAGS: Final = frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")

# The attributes of the index, by keyword: top level of the data set.
INDEXED_KEYWORDS: Final[dict[int, tuple[str, bytes]]] = {
    0x00080005: ("SpecificCharacterSet", b"CS"),
    0x00080008: ("ImageType", b"CS"),
    0x00080016: ("SOPClassUID", b"UI"),
    0x00080018: ("SOPInstanceUID", b"UI"),
    0x00080020: ("StudyDate", b"DA"),
    0x00080021: ("SeriesDate", b"DA"),
    0x00080022: ("AcquisitionDate", b"DA"),
    0x00080023: ("ContentDate", b"DA"),
    0x0008002A: ("AcquisitionDateTime", b"DT"),
    0x00080030: ("StudyTime", b"TM"),
    0x00080031: ("SeriesTime", b"TM"),
    0x00080032: ("AcquisitionTime", b"TM"),
    0x00080033: ("ContentTime", b"TM"),
    0x00080050: ("AccessionNumber", b"SH"),
    0x00080060: ("Modality", b"CS"),
    0x00080068: ("PresentationIntentType", b"CS"),
    0x00080070: ("Manufacturer", b"LO"),
    0x00080080: ("InstitutionName", b"LO"),
    0x00080090: ("ReferringPhysicianName", b"PN"),
    0x00080201: ("TimezoneOffsetFromUTC", b"SH"),
    0x00081010: ("StationName", b"SH"),
    0x00081030: ("StudyDescription", b"LO"),
    0x0008103E: ("SeriesDescription", b"LO"),
    0x00081070: ("OperatorsName", b"PN"),
    0x00081090: ("ManufacturerModelName", b"LO"),
    0x00100010: ("PatientName", b"PN"),
    0x00100020: ("PatientID", b"LO"),
    0x00100021: ("IssuerOfPatientID", b"LO"),
    0x00100030: ("PatientBirthDate", b"DA"),
    0x00100040: ("PatientSex", b"CS"),
    0x00101010: ("PatientAge", b"AS"),
    0x00101030: ("PatientWeight", b"DS"),
    0x00180015: ("BodyPartExamined", b"CS"),
    0x00180060: ("KVP", b"DS"),
    0x00181000: ("DeviceSerialNumber", b"LO"),
    0x00181030: ("ProtocolName", b"LO"),
    0x00181110: ("DistanceSourceToDetector", b"DS"),
    0x00181150: ("ExposureTime", b"IS"),
    0x00181151: ("XRayTubeCurrent", b"IS"),
    0x00181152: ("Exposure", b"IS"),
    0x00181153: ("ExposureInuAs", b"IS"),
    0x0018115E: ("ImageAndFluoroscopyAreaDoseProduct", b"DS"),
    0x00181164: ("ImagerPixelSpacing", b"DS"),
    0x001811A0: ("BodyPartThickness", b"DS"),
    0x00181405: ("RelativeXRayExposure", b"IS"),
    0x00181411: ("ExposureIndex", b"DS"),
    0x00181412: ("TargetExposureIndex", b"DS"),
    0x00181413: ("DeviationIndex", b"DS"),
    0x00185101: ("ViewPosition", b"CS"),
    0x0020000D: ("StudyInstanceUID", b"UI"),
    0x0020000E: ("SeriesInstanceUID", b"UI"),
    0x00200010: ("StudyID", b"SH"),
    0x00200011: ("SeriesNumber", b"IS"),
    0x00200013: ("InstanceNumber", b"IS"),
    0x00200020: ("PatientOrientation", b"CS"),
    0x00200060: ("Laterality", b"CS"),
    0x00200062: ("ImageLaterality", b"CS"),
    0x00280002: ("SamplesPerPixel", b"US"),
    0x00280004: ("PhotometricInterpretation", b"CS"),
    0x00280006: ("PlanarConfiguration", b"US"),
    0x00280008: ("NumberOfFrames", b"IS"),
    0x00280010: ("Rows", b"US"),
    0x00280011: ("Columns", b"US"),
    0x00280030: ("PixelSpacing", b"DS"),
    0x00280100: ("BitsAllocated", b"US"),
    0x00280101: ("BitsStored", b"US"),
    0x00280102: ("HighBit", b"US"),
    0x00280103: ("PixelRepresentation", b"US"),
    0x00280301: ("BurnedInAnnotation", b"CS"),
    0x00282110: ("LossyImageCompression", b"CS"),
    0x00400244: ("PerformedProcedureStepStartDate", b"DA"),
    0x00400245: ("PerformedProcedureStepStartTime", b"TM"),
    0x00400253: ("PerformedProcedureStepID", b"SH"),
    0x00408302: ("EntranceDoseInmGy", b"DS"),
    0x00420010: ("DocumentTitle", b"ST"),
}

_CODE: Final = {
    0x00080100: ("CodeValue", b"SH"),
    0x00080102: ("CodingSchemeDesignator", b"SH"),
    0x00080104: ("CodeMeaning", b"LO"),
}
_HIERARCHIC: Final = {
    0x00400031: ("LocalNamespaceEntityID", b"UT"),
    0x00400032: ("UniversalEntityID", b"UT"),
    0x00400033: ("UniversalEntityIDType", b"CS"),
}

# Sequences whose items the index needs: keyword of the sequence, and what is kept of each item.
INDEXED_SEQUENCES: Final[dict[int, tuple[str, dict[int, tuple[str, bytes]]]]] = {
    0x00080051: ("IssuerOfAccessionNumberSequence", _HIERARCHIC),
    0x00081032: ("ProcedureCodeSequence", _CODE),
    0x00081111: ("ReferencedPerformedProcedureStepSequence", {0x00081155: ("ReferencedSOPInstanceUID", b"UI")}),
    0x00082218: ("AnatomicRegionSequence", _CODE),
    0x00100024: ("IssuerOfPatientIDQualifiersSequence", _HIERARCHIC),
    0x00101002: (
        "OtherPatientIDsSequence",
        {0x00100020: ("PatientID", b"LO"), 0x00100021: ("IssuerOfPatientID", b"LO")},
    ),
    0x0040A043: ("ConceptNameCodeSequence", _CODE),
    0x00540220: ("ViewCodeSequence", _CODE),
    0x00400275: (
        "RequestAttributesSequence",
        {
            0x00080050: ("AccessionNumber", b"SH"),
            0x0020000D: ("StudyInstanceUID", b"UI"),
            0x00400007: ("ScheduledProcedureStepDescription", b"LO"),
            0x00400009: ("ScheduledProcedureStepID", b"SH"),
            0x00401001: ("RequestedProcedureID", b"SH"),
        },
    ),
}

# A wrong representation here has been used to overflow decoders (CVE-2026-5442): refused, never read tolerantly.
PIXEL_DESCRIPTION_TAGS: Final = frozenset(
    {0x00280002, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103}
)
UID_TAGS: Final = frozenset({0x00080016, 0x00080018, 0x0020000D, 0x0020000E})
