"""Values without meaning, one for each representation: for attributes that may not be empty."""

from __future__ import annotations

from typing import Final

DUMMY_VALUES: Final[dict[str, str | int | float | bytes]] = {
    "AE": "ANONYMOUS",
    "AS": "000Y",
    "AT": 0,
    "CS": "ANONYMOUS",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "FD": 0.0,
    "FL": 0.0,
    "IS": "0",
    "LO": "ANONYMOUS",
    "LT": "ANONYMOUS",
    "OB": b"\0\0",
    "OD": bytes(8),
    "OF": bytes(4),
    "OL": bytes(4),
    "OV": bytes(8),
    "OW": b"\0\0",
    "PN": "ANONYMOUS",
    "SH": "ANONYMOUS",
    "SL": 0,
    "SS": 0,
    "ST": "ANONYMOUS",
    "SV": 0,
    "TM": "000000",
    "UC": "ANONYMOUS",
    "UL": 0,
    "UR": "about:blank",
    "US": 0,
    "UT": "ANONYMOUS",
    "UV": 0,
}
