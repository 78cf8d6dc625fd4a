"""Exposures put into a line of a report, with their units. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from negatoscope.dose.model import Exposure

TOTAL = {"fr": "Produit dose-surface total", "en": "Total dose-area product"}
COLON = {"fr": " : ", "en": ": "}
COMMA = {"fr": ",", "en": "."}


def report_lines(exposures: Sequence[Exposure], language: str) -> list[str]:
    """Return one line an exposure and, where several products are known, their sum; [] when nothing was told."""
    lines = []
    for exposure in exposures:
        facts = _facts(exposure, language)
        if facts:
            name = " ".join(part for part in (_name(exposure), exposure.laterality) if part)
            lines.append(f"{name}{COLON[language]}{', '.join(facts)}" if name else ", ".join(facts))
    products = [one.dose_area_product_mgy_cm2 for one in exposures if one.dose_area_product_mgy_cm2 is not None]
    if len(products) > 1 and len(products) == len(exposures):
        total = quantity(sum(products, Decimal()), language)
        lines.append(f"{TOTAL[language]}{COLON[language]}{total} mGy·cm²")
    return lines


def quantity(value: Decimal, language: str) -> str:
    """Return a number as people write it: no exponent, no needless zeros, the decimal mark of the language."""
    plain = format(value.normalize(), "f")
    return plain.replace(".", COMMA[language])


def _facts(exposure: Exposure, language: str) -> list[str]:
    told = [
        (exposure.dose_area_product_mgy_cm2, "mGy·cm²"),
        (exposure.kvp_kv, "kV"),
        (exposure.exposure_mas, "mAs"),
    ]
    facts = [f"{quantity(value, language)} {unit}" for value, unit in told if value is not None]
    if exposure.exposure_index is not None:
        facts.append(f"EI {quantity(exposure.exposure_index, language)}")
    if exposure.deviation_index is not None:
        facts.append(f"DI {quantity(exposure.deviation_index, language)}")
    return facts


def _name(exposure: Exposure) -> str:
    return exposure.protocol_name or " ".join(part for part in (exposure.body_part, exposure.view_position) if part)
