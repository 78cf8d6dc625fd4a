"""Write the grey-scale vectors that the Python and the TypeScript tables are both tested on.

The expected greys come from the formulas of the standard, one value at a time, in plain Python: nothing of the product
is imported. Probes that fall on a rounding tie are left out, so that both languages must agree exactly.

Run ``python tests/golden/greyscale/make_vectors.py`` and commit the files it writes beside itself.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Case = dict[str, Any]


def case(name: str, stored: list[int], **given: Any) -> Case:
    """Fill in what a case does not say."""
    return {
        "name": name,
        "bits_stored": 12,
        "pixel_representation": 0,
        "photometric_interpretation": "MONOCHROME2",
        "rescale_slope": 1,
        "rescale_intercept": 0,
        "modality_lut": None,
        "voi": None,
        "presentation_lut_shape": None,
        "invert": False,
        "padding_value": None,
        "padding_range_limit": None,
        "data_range": None,
        "stored": stored,
    } | given


def look_up(lut: dict[str, Any], value: float) -> float:
    """PS3.3 C.11.1.1: below the first value mapped the first entry, beyond the last the last."""
    index = math.floor(value + 0.5) - lut["first_mapped"]
    return float(lut["data"][max(0, min(index, len(lut["data"]) - 1))])


def window(x: float, function: str, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, with the output running from 0 to 1."""
    if function == "SIGMOID":
        exponent = -4 * (x - c) / w
        return 0.0 if exponent > 700 else 1 / (1 + math.exp(exponent))
    if function == "LINEAR_EXACT":
        if x <= c - w / 2:
            return 0.0
        if x > c + w / 2:
            return 1.0
        return (x - c) / w + 0.5
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5


def modality(c: Case, stored: int) -> float:
    """Return the value after the modality transformation."""
    if c["modality_lut"] is not None:
        return look_up(c["modality_lut"], stored)
    return float(stored * c["rescale_slope"] + c["rescale_intercept"])


def without_voi(c: Case, value: float) -> float:
    """Spread the image's own range, or all that the stored bits can hold."""
    bits, signed = c["bits_stored"], c["pixel_representation"] == 1
    if c["data_range"] is None and c["modality_lut"] is not None:
        low, high = 0.0, float(2 ** c["modality_lut"]["bits"] - 1)
    else:
        lowest = -(2 ** (bits - 1)) if signed else 0
        ends = c["data_range"] or [lowest, lowest + 2**bits - 1]
        low, high = sorted(modality(c, end) for end in ends)
    return min(1.0, max(0.0, (value - low) / (high - low)))


def is_padding(c: Case, stored: int) -> bool:
    """Tell whether the value is padding: one value, or a range in either order."""
    if c["padding_value"] is None:
        return False
    limit = c["padding_value"] if c["padding_range_limit"] is None else c["padding_range_limit"]
    return bool(min(c["padding_value"], limit) <= stored <= max(c["padding_value"], limit))


def exact_grey(c: Case, stored: int) -> float:
    """Return the grey before rounding."""
    value = modality(c, stored)
    voi = c["voi"]
    if voi is None:
        y = without_voi(c, value)
    elif "lut" in voi:
        y = min(1.0, look_up(voi["lut"], value) / (2 ** voi["lut"]["bits"] - 1))
    else:
        y = window(value, voi["function"], voi["center"], voi["width"])
    shape = c["presentation_lut_shape"]
    inverted = shape == "INVERSE" if shape is not None else c["photometric_interpretation"] == "MONOCHROME1"
    return 255 * (1 - y if inverted != c["invert"] else y)


def with_expected(c: Case) -> Case:
    """Add the expected greys, leaving out probes on a rounding tie."""
    probes, expected = [], []
    for stored in c["stored"]:
        grey = exact_grey(c, stored)
        if is_padding(c, stored):
            probes.append(stored)
            expected.append(0)
        elif abs(grey - math.floor(grey) - 0.5) > 1e-6:
            probes.append(stored)
            expected.append(math.floor(grey + 0.5))
    if len(probes) < 4:
        raise ValueError(f"too few probes left in {c['name']}")
    return c | {"stored": probes, "expected": expected}


def win(function: str, center: float, width: float) -> Case:
    """Describe a window."""
    return {"function": function, "center": center, "width": width}


def curve(entries: int, bits: int, power: float) -> list[int]:
    """Return a rising LUT."""
    return [round((index / (entries - 1)) ** power * (2**bits - 1)) for index in range(entries)]


U12 = [0, 1, 100, 511, 700, 1000, 1023, 1024, 1500, 2047, 2048, 2049, 2500, 3000, 3333, 4094, 4095]
S12 = [-2048, -2047, -1024, -500, -1, 0, 1, 40, 300, 1000, 1024, 2000, 2047]
U16 = [0, 1, 255, 256, 4095, 10000, 20000, 32767, 32768, 40000, 50000, 65534, 65535]
S16 = [-32768, -2000, -1024, -160, 0, 40, 41, 120, 240, 400, 3071, 32767]
U8 = [0, 1, 2, 63, 64, 100, 127, 128, 129, 200, 254, 255]
U14 = [0, 1, 1000, 4000, 5000, 7000, 8000, 8191, 8192, 9000, 12000, 15000, 16383]


def windows() -> list[Case]:
    """Windows of each function on each kind of stored value."""
    return [
        case("linear over 12 bits", U12, voi=win("LINEAR", 2048, 4096)),
        case("linear narrow", U12, voi=win("LINEAR", 1024, 1001)),
        case("linear of width 1 is a step", U12, voi=win("LINEAR", 1024, 1)),
        case("linear of width 2", U12, voi=win("LINEAR", 2048.5, 2)),
        case("linear with fractions", U12, voi=win("LINEAR", 1500.25, 777.5)),
        case("linear exact over 12 bits", U12, voi=win("LINEAR_EXACT", 2047.5, 4095)),
        case("linear exact narrow", U12, voi=win("LINEAR_EXACT", 1024, 1000)),
        case("linear exact thinner than a step", U12, voi=win("LINEAR_EXACT", 2048, 0.5)),
        case("sigmoid over 12 bits", U12, voi=win("SIGMOID", 2048, 4096)),
        case("sigmoid narrow", U12, voi=win("SIGMOID", 1023.5, 400)),
        case("sigmoid steep", U12, voi=win("SIGMOID", 2048, 3)),
        case("linear over 8 bits", U8, bits_stored=8, voi=win("LINEAR", 128, 256)),
        case("sigmoid over 8 bits", U8, bits_stored=8, voi=win("SIGMOID", 100, 90)),
        case("linear over 16 bits", U16, bits_stored=16, voi=win("LINEAR", 32768, 65536)),
        case("sigmoid over 14 bits", U14, bits_stored=14, voi=win("SIGMOID", 8192, 5000)),
        case("linear on signed 12 bits", S12, pixel_representation=1, voi=win("LINEAR", 40, 400)),
        case("linear on signed 16 bits", S16, bits_stored=16, pixel_representation=1, voi=win("LINEAR", 40, 400)),
        case("linear beyond all values", U12, voi=win("LINEAR", 20000, 100)),
        case("sigmoid far from its centre", U12, voi=win("SIGMOID", -90000, 50)),
    ]


def rescaling() -> list[Case]:
    """Rescaling and modality LUTs before the window."""
    modality_lut = {"first_mapped": 0, "bits": 12, "data": curve(256, 12, 2.0)}
    short = {"first_mapped": 500, "bits": 10, "data": curve(1000, 10, 0.5)}
    negative = {"first_mapped": -1024, "bits": 16, "data": curve(2048, 16, 1.0)}
    return [
        case("Hounsfield units", U12, rescale_intercept=-1024, voi=win("LINEAR", 40, 400)),
        case(
            "slope and intercept with fractions", U12, rescale_slope=0.25, rescale_intercept=-12.5, voi=win("LINEAR", 200, 600)
        ),
        case("negative slope", U12, rescale_slope=-1, rescale_intercept=4095, voi=win("LINEAR_EXACT", 2047.5, 4095)),
        case("rescaling without window", U12, rescale_slope=2, rescale_intercept=-100),
        case("negative slope without window", U12, rescale_slope=-2, rescale_intercept=10),
        case("modality LUT then window", U8, bits_stored=8, modality_lut=modality_lut, voi=win("LINEAR", 2048, 4096)),
        case("modality LUT without window", U8, bits_stored=8, modality_lut=modality_lut),
        case("modality LUT shorter than the values", U12, modality_lut=short, voi=win("LINEAR", 512, 1024)),
        case(
            "modality LUT from a negative value",
            S12,
            pixel_representation=1,
            modality_lut=negative,
            voi=win("SIGMOID", 32768, 30000),
        ),
    ]


def lookup_tables() -> list[Case]:
    """VOI LUTs of several lengths and depths."""
    full = {"first_mapped": 0, "bits": 12, "data": curve(4096, 12, 0.7)}
    eight = {"first_mapped": 1000, "bits": 8, "data": curve(512, 8, 1.5)}
    ten = {"first_mapped": -200, "bits": 10, "data": curve(1200, 10, 3.0)}
    falling = {"first_mapped": 0, "bits": 16, "data": curve(4096, 16, 1.0)[::-1]}
    return [
        case("VOI LUT over 12 bits", U12, voi={"lut": full}),
        case("VOI LUT of 8 bits in the middle", U12, voi={"lut": eight}),
        case("VOI LUT after Hounsfield units", U12, rescale_intercept=-1024, voi={"lut": ten}),
        case("VOI LUT between whole numbers", U12, rescale_slope=0.3, voi={"lut": eight | {"first_mapped": 100}}),
        case("VOI LUT that falls", U12, voi={"lut": falling}),
        case("VOI LUT on MONOCHROME1", U12, photometric_interpretation="MONOCHROME1", voi={"lut": full}),
        case("VOI LUT on signed values", S12, pixel_representation=1, voi={"lut": ten}),
    ]


def polarity() -> list[Case]:
    """MONOCHROME1, presentation LUT shape, inversion, padding, and no window at all."""
    one = {"photometric_interpretation": "MONOCHROME1"}
    linear, sigmoid = win("LINEAR", 2048, 4096), win("SIGMOID", 2048, 2000)
    return [
        case("MONOCHROME1 linear", U12, voi=linear, **one),
        case("MONOCHROME1 sigmoid", U12, voi=sigmoid, **one),
        case("MONOCHROME1 with shape INVERSE is inverted once", U12, voi=sigmoid, presentation_lut_shape="INVERSE", **one),
        case("MONOCHROME1 with shape IDENTITY", U12, voi=sigmoid, presentation_lut_shape="IDENTITY", **one),
        case("MONOCHROME2 with shape INVERSE", U12, voi=linear, presentation_lut_shape="INVERSE"),
        case("inverted by the reader", U12, voi=sigmoid, invert=True),
        case("MONOCHROME1 inverted by the reader", U12, voi=sigmoid, invert=True, **one),
        case("no window, unsigned 12 bits", U12),
        case("no window, signed 12 bits", S12, pixel_representation=1),
        case("no window, 8 bits MONOCHROME1", U8, bits_stored=8, **one),
        case("no window, range of the image", U12, data_range=[500, 3500]),
        case("no window, range of a signed image, rescaled", S12, pixel_representation=1, rescale_slope=0.5, data_range=[-1000, 1500]),
        case("padding is black", U12, voi=linear, padding_value=4095),
        case("padding is black when inverted", U12, voi=linear, padding_value=0, **one),
        case("padding range", U12, voi=sigmoid, padding_value=3000, padding_range_limit=4095, invert=True),
        case("padding range written downwards", S12, pixel_representation=1, voi=win("LINEAR", 0, 3000), padding_value=-1024, padding_range_limit=-2048, **one),
    ]  # fmt: skip


def all_files() -> dict[str, list[Case]]:
    """Return the content of each file."""
    groups = {"windows": windows(), "rescaling": rescaling(), "lookup_tables": lookup_tables(), "polarity": polarity()}
    return {name: [with_expected(c) for c in cases] for name, cases in groups.items()}


def encoded(cases: list[Case]) -> str:
    """Encode one file: a case a line."""
    return "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"


if __name__ == "__main__":
    for name, cases in all_files().items():
        (HERE / f"{name}.json").write_text(encoded(cases), encoding="utf-8")
