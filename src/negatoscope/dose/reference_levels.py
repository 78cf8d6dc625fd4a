"""French diagnostic reference levels for adults, one acquisition, in mGy·cm². Pure.

Décision ASN 2019-DC-0667, annexe 2, table 2.1, in force since 1 July 2019. They judge the median of at least thirty
patients of a room, not one patient: on a single exposure the screens show them as a landmark and raise no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

IN_FORCE_SINCE = date(2019, 7, 1)
SOURCE = "ASN 2019-DC-0667"


@dataclass(frozen=True, slots=True)
class ReferenceLevel:
    """Reference level (NRD) and guiding value (VGD) of one view, in mGy·cm²."""

    reference_mgy_cm2: int
    guiding_mgy_cm2: int


_FRONTAL = frozenset({"PA", "AP"})
_LATERAL = frozenset({"LL", "RL", "LATERAL", "LAT"})

_LEVELS: tuple[tuple[frozenset[str], frozenset[str] | None, ReferenceLevel], ...] = (
    (frozenset({"CHEST", "THORAX"}), frozenset({"PA"}), ReferenceLevel(200, 150)),
    (frozenset({"CHEST", "THORAX"}), _LATERAL, ReferenceLevel(550, 400)),
    (frozenset({"ABDOMEN"}), _FRONTAL, ReferenceLevel(3400, 2300)),
    (frozenset({"PELVIS"}), frozenset({"AP"}), ReferenceLevel(3800, 2750)),
    (frozenset({"HIP"}), None, ReferenceLevel(1350, 950)),
    (frozenset({"CSPINE"}), None, ReferenceLevel(400, 250)),
    (frozenset({"TSPINE"}), _FRONTAL, ReferenceLevel(1000, 750)),
    (frozenset({"TSPINE"}), _LATERAL, ReferenceLevel(1150, 900)),
    (frozenset({"LSPINE"}), _FRONTAL, ReferenceLevel(2700, 1950)),
    (frozenset({"LSPINE"}), _LATERAL, ReferenceLevel(3900, 2650)),
)


def reference_level(body_part: str, view_position: str) -> ReferenceLevel | None:
    """Return the level for this view of an adult; None where the table has none."""
    part, view = body_part.upper(), view_position.upper()
    return next((level for parts, views, level in _LEVELS if part in parts and (views is None or view in views)), None)
