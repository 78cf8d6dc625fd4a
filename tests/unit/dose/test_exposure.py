"""Units and doubts of an exposure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.dose.model import Exposure, deviation_index, exposure_of, zone_of
from negatoscope.dose.reference_levels import ReferenceLevel, reference_level
from negatoscope.dose.wording import quantity, report_lines
from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.formats.dicom.gate import judge
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes

AT = datetime(2026, 3, 2, 10, 5, tzinfo=UTC)


def attributes(**changes: object) -> InstanceAttributes:
    """Return the attributes of a chest image, with some of its elements changed."""
    image = a_dx_image()
    for keyword, value in changes.items():
        setattr(image, keyword, value)
    found = judge(part10_bytes(image)).attributes
    assert found is not None
    return found


def exposure(**changes: object) -> Exposure:
    """Return the exposure of such an image."""
    found = exposure_of(attributes(**changes), event_uid="", irradiated_at=AT)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("sent", "expected"), [("0.85", "85"), ("1.2", "120"), ("0.0015", "0.15"), ("33.9", "3390"), ("0", None)]
)
def test_dose_area_product_is_turned_from_dgy_cm2_to_mgy_cm2_exactly(sent: str, expected: str | None) -> None:
    product = exposure(ImageAndFluoroscopyAreaDoseProduct=sent).dose_area_product_mgy_cm2
    assert product == (Decimal(expected) if expected is not None else None)


def test_exposure_in_microampere_seconds_keeps_what_milliampere_seconds_round_away() -> None:
    assert exposure(ExposureInuAs=1640, Exposure=2).exposure_mas == Decimal("1.64")


def test_image_is_the_event_where_the_device_names_none() -> None:
    found = attributes()
    one = exposure_of(found, event_uid="", irradiated_at=AT)
    other = exposure_of(found, event_uid="1.2.3", irradiated_at=AT)
    assert one is not None
    assert one.event_uid == found.sop_instance_uid
    assert other is not None
    assert other.event_uid == "1.2.3"


def test_secondary_captures_and_other_modalities_are_no_exposure() -> None:
    assert exposure_of(attributes(ImageType=["DERIVED", "SECONDARY"]), event_uid="", irradiated_at=AT) is None
    slice_attributes = judge(part10_bytes(a_ct_slice())).attributes
    assert slice_attributes is not None
    assert exposure_of(slice_attributes, event_uid="", irradiated_at=AT) is None


@pytest.mark.parametrize(
    ("told", "flags"),
    [("0.9", ()), ("1.1", ()), ("3.0", ("deviation_index_mismatch",)), ("-0.9", ("deviation_index_mismatch",))],
)
def test_deviation_index_is_recomputed(told: str, flags: tuple[str, ...]) -> None:
    assert exposure(ExposureIndex="310", TargetExposureIndex="250", DeviationIndex=told).flags == flags


def test_unit_in_doubt_is_flagged() -> None:
    assert exposure(ImageAndFluoroscopyAreaDoseProduct="8500").flags == ("dose_area_product_implausible",)


@given(st.floats(1, 5000))
def test_twice_the_target_is_three_of_deviation(target: float) -> None:
    assert deviation_index(2 * target, target) == pytest.approx(3.0103, abs=1e-4)


@pytest.mark.parametrize(
    ("part", "view", "expected"),
    [
        ("CHEST", "PA", ReferenceLevel(200, 150)),
        ("chest", "LL", ReferenceLevel(550, 400)),
        ("LSPINE", "LATERAL", ReferenceLevel(3900, 2650)),
        ("CHEST", "AP", None),
        ("HAND", "PA", None),
    ],
)
def test_reference_levels_are_those_of_the_table(part: str, view: str, expected: ReferenceLevel | None) -> None:
    assert reference_level(part, view) == expected


def test_report_lines_carry_units_and_a_total_only_when_all_is_known() -> None:
    one, two = (
        exposure(ProtocolName="Thorax PA"),
        exposure(ProtocolName="Thorax profil", ImageAndFluoroscopyAreaDoseProduct="2.5"),
    )
    lines = report_lines([one, two], "fr")
    assert lines[0].startswith("Thorax PA U : 85 mGy·cm², 125 kV, 1,6 mAs")
    assert lines[-1] == "Produit dose-surface total : 335 mGy·cm²"
    silent = exposure(ImageAndFluoroscopyAreaDoseProduct="0")
    assert not any("total" in line.lower() for line in report_lines([one, silent], "en"))


@given(st.decimals(min_value=0, max_value=10**6, places=4, allow_nan=False))
def test_quantities_are_written_without_exponent_and_lose_nothing(value: Decimal) -> None:
    written = quantity(value, "fr")
    assert "E" not in written
    assert Decimal(written.replace(",", ".")) == value


@pytest.mark.parametrize(
    ("offset", "hours"), [("+0100", 1.0), ("-0330", -3.5), ("+0000", 0.0), ("", None), ("+1500", None), ("+01:00", None)]
)
def test_zone_that_an_object_names(offset: str, hours: float | None) -> None:
    zone = zone_of(offset)
    assert (zone.utcoffset(None).total_seconds() / 3600 if zone is not None else None) == hours
