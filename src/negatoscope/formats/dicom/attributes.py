"""The facts of one instance that the archive indexes, typed and frozen, built from the values the gate kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import TypeVar

from negatoscope.formats.dicom.charsets import TextDecoder
from negatoscope.formats.dicom.uids import SeriesUid, SopInstanceUid, StudyUid
from negatoscope.formats.dicom.values import parse_date, parse_date_time, parse_decimal, parse_integer, parse_time

RawValues = Mapping[str, bytes]
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Hold one coded concept (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignIdentifier:
    """Hold an identifier given by others, with who gave it."""

    value: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Hold one item of the Request Attributes Sequence (0040,0275)."""

    accession_number: str
    study_instance_uid: str
    requested_procedure_id: str
    scheduled_step_id: str
    scheduled_step_description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Hold the exposure facts of a radiograph, in the units of the attributes (PS3.3 C.8.7.5, IEC 62494-1)."""

    kvp_kv: float | None
    exposure_time_ms: int | None
    tube_current_ma: int | None
    exposure_mas: float | None
    dose_area_product_dgy_cm2: float | None
    entrance_dose_mgy: float | None
    exposure_index: float | None
    target_exposure_index: float | None
    deviation_index: float | None
    relative_exposure: int | None
    source_to_detector_mm: float | None
    body_part_thickness_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelDescription:
    """Hold how the pixels are laid out (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    planar_configuration: int
    photometric_interpretation: str
    frames: int

    def as_plain(self) -> dict[str, int | bool | str]:
        """Return plain values, for a process that takes no others."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, int | bool | str]) -> PixelDescription:
        """Build from what ``as_plain`` gave."""
        return cls(
            rows=int(plain["rows"]),
            columns=int(plain["columns"]),
            samples_per_pixel=int(plain["samples_per_pixel"]),
            bits_allocated=int(plain["bits_allocated"]),
            bits_stored=int(plain["bits_stored"]),
            high_bit=int(plain["high_bit"]),
            is_signed=bool(plain["is_signed"]),
            planar_configuration=int(plain["planar_configuration"]),
            photometric_interpretation=str(plain["photometric_interpretation"]),
            frames=int(plain["frames"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceAttributes:
    """Hold what the index needs of one instance. Text is decoded, absent text is ''; dates and times are local, as sent."""

    specific_character_set: str
    sop_class_uid: str
    sop_instance_uid: SopInstanceUid
    study_instance_uid: StudyUid
    series_instance_uid: SeriesUid

    patient_id: str
    issuer_of_patient_id: str
    issuer_of_patient_id_universal: str
    other_patient_ids: tuple[ForeignIdentifier, ...]
    patient_name: str
    patient_birth_date: date | None
    patient_sex: str
    patient_age: str
    patient_weight_kg: float | None

    accession_number: str
    issuer_of_accession_number: str
    issuer_of_accession_number_universal: str
    study_id: str
    study_date: date | None
    study_time: time | None
    study_description: str
    referring_physician_name: str
    procedure_code: Code | None
    requests: tuple[Request, ...]
    performed_step_id: str
    performed_step_uid: str
    timezone_offset_from_utc: str

    modality: str
    series_number: int | None
    series_description: str
    series_date: date | None
    series_time: time | None
    body_part_examined: str
    anatomic_region: Code | None
    laterality: str
    protocol_name: str
    operators_name: str

    instance_number: int | None
    image_type: tuple[str, ...]
    presentation_intent: str
    image_laterality: str
    view_position: str
    view_code: Code | None
    patient_orientation: tuple[str, ...]
    acquired_at: datetime | None
    content_date: date | None
    content_time: time | None
    pixel_spacing_mm: tuple[float, ...]
    imager_pixel_spacing_mm: tuple[float, ...]
    is_lossy: bool
    has_burned_in_annotation: bool
    document_title: str
    concept_name: Code | None

    manufacturer: str
    model_name: str
    device_serial_number: str
    station_name: str
    institution_name: str

    exposure: Exposure
    pixels: PixelDescription | None

    @property
    def frames(self) -> int:
        """Return the number of frames, 1 for an object without pixels."""
        return self.pixels.frames if self.pixels is not None else 1


class AttributeReader:
    """Read typed values out of the raw ones, noting what was not understood."""

    __slots__ = ("_decoder", "_values", "warnings")

    def __init__(self, values: RawValues, decoder: TextDecoder, warnings: set[str]) -> None:
        self._values = values
        self._decoder = decoder
        self.warnings = warnings

    def whole(self, keyword: str) -> str:
        """Return the decoded text with all its values."""
        value = self._values.get(keyword)
        return self._decoder.text(value).strip() if value else ""

    def text(self, keyword: str) -> str:
        """Return the first value."""
        text = self.whole(keyword)
        if "\\" not in text:
            return text
        self.warnings.add("several_values")
        return text.partition("\\")[0].rstrip()

    def person_name(self, keyword: str) -> str:
        """Return the first name, with all its component groups."""
        value = self._values.get(keyword)
        return self._decoder.text(value, is_person_name=True).partition("\\")[0].strip() if value else ""

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return all values."""
        text = self.whole(keyword)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def date(self, keyword: str) -> date | None:
        """Return a date, None when absent or wrong."""
        text = self.text(keyword)
        return self._noted(parse_date(text), text)

    def time(self, keyword: str) -> time | None:
        """Return a time, None when absent or wrong."""
        text = self.text(keyword)
        return self._noted(parse_time(text), text)

    def date_time(self, keyword: str) -> datetime | None:
        """Return a date and time, None when absent or wrong."""
        text = self.text(keyword)
        return self._noted(parse_date_time(text), text)

    def integer(self, keyword: str) -> int | None:
        """Return an integer, None when absent or wrong."""
        text = self.text(keyword)
        return self._noted(parse_integer(text), text)

    def decimal(self, keyword: str) -> float | None:
        """Return a number, None when absent or wrong."""
        text = self.text(keyword)
        return self._noted(parse_decimal(text), text)

    def decimals(self, keyword: str) -> tuple[float, ...]:
        """Return all numbers, () when one of them is wrong."""
        numbers = [parse_decimal(text) for text in self.texts(keyword)]
        return tuple(number for number in numbers if number is not None) if None not in numbers else ()

    def _noted(self, value: _Value | None, text: str) -> _Value | None:
        if value is None and text:
            self.warnings.add("value_not_understood")
        return value


def first_code(items: Sequence[RawValues], decoder: TextDecoder) -> Code | None:
    """Return the first code of a code sequence."""
    for item in items:
        reader = AttributeReader(item, decoder, set())
        value = reader.text("CodeValue")
        if value:
            return Code(value=value, scheme=reader.text("CodingSchemeDesignator"), meaning=reader.text("CodeMeaning"))
    return None
