"""Plain data through a pipe: equal on the other side, and nothing else gets through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from negatoscope.platform.errors import Refused
from negatoscope.platform.plain import Plain, pack, unpack

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text() | st.binary()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(values)
@example(float("inf"))
@example([float("-inf")])
def test_value_comes_back_equal(value: Plain) -> None:
    assert unpack(pack(value)) == value


@pytest.mark.parametrize("dtype", ["<u2", "<i2", "|u1", "<f4"])
def test_array_comes_back_equal(dtype: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    back = unpack(pack({"pixels": array}))
    assert isinstance(back, dict)
    pixels = back["pixels"]
    assert isinstance(pixels, np.ndarray)
    assert pixels.dtype == array.dtype
    np.testing.assert_array_equal(pixels, array)


@given(st.binary(max_size=200))
def test_garbage_is_refused(message: bytes) -> None:
    with pytest.raises(Refused):
        unpack(b"\x08" + message)


def test_objects_do_not_go_through() -> None:
    with pytest.raises(TypeError):
        pack(np.array([object()]))
    with pytest.raises(TypeError):
        pack(object())  # type: ignore[arg-type]  # the very thing that is refused
