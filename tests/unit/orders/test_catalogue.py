"""The catalogue holds what it says, and only codes that the national value set holds."""

from __future__ import annotations

import csv

import pytest

from negatoscope.orders.catalogue import PROCEDURES, REGION_NAMES, SCHEME, Procedure, find_procedure
from tests.paths import SHARED, needs_shared

VALUE_SET = SHARED / "data" / "france" / "loinc_radiographie_jdv687.csv"


def test_codes_fit_where_dicom_carries_them() -> None:
    assert len(PROCEDURES) >= 40
    for procedure in PROCEDURES.values():
        assert 0 < len(procedure.code) <= 16
        assert 0 < len(procedure.french) <= 64
        assert 0 < len(procedure.english) <= 64
        assert procedure.body_region in REGION_NAMES


def test_a_paired_structure_needs_its_side() -> None:
    assert all(p.needs_laterality for p in PROCEDURES.values() if p.code.split("-")[0] in {"KNEE", "HAND", "WRIST", "HIP"})
    assert not PROCEDURES["CHEST-PA"].needs_laterality


@pytest.mark.parametrize(
    ("code", "scheme", "found"),
    [("CHEST-PA", SCHEME, "CHEST-PA"), ("24648-8", "LN", "CHEST-PA"), ("24648-8", "SCT", None), ("NOTHING", "LN", None)],
)
def test_a_procedure_is_found_by_our_code_or_by_loinc(code: str, scheme: str, found: str | None) -> None:
    procedure = find_procedure(code, scheme)
    assert (procedure.code if procedure else None) == found


@needs_shared
def test_every_loinc_code_stands_in_the_french_value_set() -> None:
    with VALUE_SET.open(encoding="utf-8") as file:
        known = {row["loinc"]: row["libelle_fr"] for row in csv.DictReader(file)}
    coded: list[Procedure] = [procedure for procedure in PROCEDURES.values() if procedure.loinc]
    assert {procedure.loinc for procedure in coded} <= set(known)
    assert all(known[procedure.loinc].startswith("RX") for procedure in coded)
    assert len({procedure.loinc for procedure in coded}) == len(coded)
