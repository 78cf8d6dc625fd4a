"""What goes into a model, and where its map lies on the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.ai.card import InputRule
from negatoscope.ai.preparation import prepare
from negatoscope.ai.regions import hottest_region


def rule(**changes: object) -> InputRule:
    """Return an input rule of 32 x 32, with some of its fields changed."""
    fields = {"name": "x", "modalities": ["DX"], "body_parts": ["CHEST"], "rows": 32, "columns": 32} | changes
    return InputRule.model_validate(fields)


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["pad", "stretch"]))
def test_constant_image_stays_constant_where_it_lies(rows: int, columns: int, fit: str) -> None:
    tensor, placement = prepare(np.full((rows, columns), 0.25, np.float32), rule(fit=fit))
    height, width = round(rows * placement.scale_rows), round(columns * placement.scale_columns)
    top, left = int(placement.offset_rows), int(placement.offset_columns)
    inside = tensor[0, 0, top : top + height, left : left + width]
    np.testing.assert_allclose(inside, 0.25, atol=1e-5)
    assert float(tensor.sum()) == pytest.approx(0.25 * height * width, rel=1e-4)


def test_resizing_keeps_the_mean_of_the_image() -> None:
    noise = np.random.default_rng(7).random((97, 97), np.float32)
    tensor, _ = prepare(noise, rule())
    assert float(tensor.mean()) == pytest.approx(float(noise.mean()), abs=1e-5)


def test_normalisation_and_channels_are_those_of_the_card() -> None:
    tensor, _ = prepare(np.full((8, 8), 0.75, np.float32), rule(channels=3, mean=0.5, deviation=0.25))
    assert tensor.shape == (1, 3, 32, 32)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor, 1.0, atol=1e-5)


def test_percentiles_stretch_the_grey_scale_and_resist_a_marker() -> None:
    grey = np.tile(np.linspace(0.2, 0.4, 100, dtype=np.float32), (100, 1))
    grey[0, 0] = 1.0
    tensor, _ = prepare(grey, rule(intensity="percentiles"))
    assert float(tensor.max()) == pytest.approx(1.0, abs=0.02)
    assert float(tensor.min()) == pytest.approx(0.0, abs=0.02)


@given(st.integers(40, 400), st.integers(40, 400), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_place_in_the_map_leads_back_to_the_place_in_the_image(rows: int, columns: int, x: float, y: float) -> None:
    _, placement = prepare(np.zeros((rows, columns), np.float32), rule())
    in_input = (
        x * columns * placement.scale_columns + placement.offset_columns,
        y * rows * placement.scale_rows + placement.offset_rows,
    )
    in_map = (in_input[0] / 4, in_input[1] / 4)
    column, row = placement.to_image(in_map, map_columns=8, map_rows=8, rule=rule())
    assert column == pytest.approx(x * columns, abs=0.1)
    assert row == pytest.approx(y * rows, abs=0.1)


def test_region_surrounds_the_hot_square_and_not_the_lukewarm_one() -> None:
    heat = np.zeros((64, 64), np.float32)
    heat[10:20, 30:40] = 1.0
    heat[50:60, 5:10] = 0.4
    assert hottest_region(heat, 0.5) == ((30.0, 10.0), (40.0, 10.0), (40.0, 20.0), (30.0, 20.0))


def test_outer_border_is_walked_when_the_region_has_a_hole_and_touches_itself() -> None:
    heat = np.zeros((64, 64), np.float32)
    heat[10:20, 10:20] = 1.0
    heat[13:15, 13:15] = 0.0
    heat[19, 19] = 0.0
    region = hottest_region(heat, 0.5)
    assert region is not None
    assert (10.0, 10.0) in region
    assert (13.0, 13.0) not in region
    assert len(region) == 6


@given(st.integers(0, 2**32 - 1), st.integers(3, 70), st.integers(3, 70))
def test_outline_is_closed_holds_the_hottest_cell_and_stays_in_the_map(seed: int, rows: int, columns: int) -> None:
    heat = np.random.default_rng(seed).random((rows, columns), np.float32)
    region = hottest_region(heat, 0.6)
    assert region is not None
    assert len(region) >= 4
    assert all(0 <= column <= columns and 0 <= row <= rows for column, row in region)
    turned = zip(region, (*region[1:], region[0]), strict=True)
    assert all((a[0] == b[0]) != (a[1] == b[1]) for a, b in turned)


@pytest.mark.parametrize("heat", [np.zeros((7, 7)), np.full((7, 7), np.nan), np.zeros((0, 0)), np.zeros((1, 7, 7))])
def test_flat_or_broken_map_gives_no_region(heat: np.ndarray) -> None:
    assert hottest_region(heat.astype(np.float32), 0.5) is None
