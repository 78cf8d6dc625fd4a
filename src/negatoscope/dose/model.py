"""An irradiation: what the header of an image says of it, in the units of the French reference levels. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.formats.dicom.uids import SopInstanceUid, StudyUid

MGY_CM2_PER_DGY_CM2 = 100
DEVIATION_TOLERANCE = 0.2
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)")
PROJECTION_MODALITIES = frozenset({"DX", "CR", "DR", "RG", "MG", "PX", "IO"})
# Between a finger of a child and several times the reference level of a lumbar spine; beyond, the unit is in doubt.
PLAUSIBLE_MGY_CM2 = (Decimal("0.1"), Decimal(50_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One irradiation. `event_uid` is the Irradiation Event UID, or the SOP Instance UID where the device gives none.

    `flags` are machine words for data in doubt: `deviation_index_mismatch`, `dose_area_product_implausible`.
    """

    event_uid: str
    study_uid: StudyUid
    sop_instance_uid: SopInstanceUid
    irradiated_at: datetime | None
    station_name: str
    equipment: str
    body_part: str
    view_position: str
    laterality: str
    protocol_name: str
    kvp_kv: Decimal | None
    exposure_mas: Decimal | None
    dose_area_product_mgy_cm2: Decimal | None
    entrance_dose_mgy: Decimal | None
    exposure_index: Decimal | None
    target_exposure_index: Decimal | None
    deviation_index: Decimal | None
    flags: tuple[str, ...]


def exposure_of(attributes: InstanceAttributes, *, event_uid: str, irradiated_at: datetime | None) -> Exposure | None:
    """Return the irradiation that an image tells of; None for what is no projection image or is derived from one.

    Several images of one irradiation share its event UID (PS3.3 C.7.6.1.1.x); the register keeps one row of them.
    """
    if attributes.modality not in PROJECTION_MODALITIES:
        return None
    if len(attributes.image_type) > 1 and attributes.image_type[1] == "SECONDARY":
        return None
    told = attributes.exposure
    product = _decimal(told.dose_area_product_dgy_cm2)
    product = product * MGY_CM2_PER_DGY_CM2 if product else None
    return Exposure(
        event_uid=event_uid or attributes.sop_instance_uid,
        study_uid=attributes.study_instance_uid,
        sop_instance_uid=attributes.sop_instance_uid,
        irradiated_at=irradiated_at,
        station_name=attributes.station_name,
        equipment=" ".join(part for part in (attributes.manufacturer, attributes.model_name) if part),
        body_part=attributes.body_part_examined,
        view_position=attributes.view_position,
        laterality=attributes.image_laterality or attributes.laterality,
        protocol_name=attributes.protocol_name,
        kvp_kv=_decimal(told.kvp_kv),
        exposure_mas=_decimal(told.exposure_mas),
        dose_area_product_mgy_cm2=product,
        entrance_dose_mgy=_decimal(told.entrance_dose_mgy) or None,
        exposure_index=_decimal(told.exposure_index),
        target_exposure_index=_decimal(told.target_exposure_index),
        deviation_index=_decimal(told.deviation_index),
        flags=_flags(product, told.exposure_index, told.target_exposure_index, told.deviation_index),
    )


def zone_of(offset: str) -> timezone | None:
    """Return the zone of a Timezone Offset From UTC (0008,0201), `+0100`; None for anything else."""
    found = _OFFSET.fullmatch(offset)
    if found is None:
        return None
    length = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-length if found[1] == "-" else length)


def deviation_index(exposure_index: float, target: float) -> float:
    """Return the deviation index of IEC 62494-1: ten times the decimal logarithm of index over target."""
    return 10.0 * math.log10(exposure_index / target)


def _flags(product: Decimal | None, index: float | None, target: float | None, told: float | None) -> tuple[str, ...]:
    flags = []
    if product is not None and not PLAUSIBLE_MGY_CM2[0] <= product <= PLAUSIBLE_MGY_CM2[1]:
        flags.append("dose_area_product_implausible")
    if index is not None and target is not None and told is not None and index > 0 and target > 0:
        is_off = abs(deviation_index(index, target) - told) > DEVIATION_TOLERANCE
        flags += ["deviation_index_mismatch"] if is_off else []
    return tuple(flags)


def _decimal(value: float | None) -> Decimal | None:
    return Decimal(str(value)) if value is not None and math.isfinite(value) else None
