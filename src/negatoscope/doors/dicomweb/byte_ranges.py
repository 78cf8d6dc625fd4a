"""Read a Range header of one range (RFC 9110 14.2). Pure."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return offset and length within `size` bytes; None when it cannot be satisfied.

    Whatever is no single range of bytes asks for everything, as the standard has it.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found.group(1) == found.group(2) == "":
        return 0, size
    first, last = found.groups()
    if first == "":
        length = min(int(last), size)
        return (size - length, length) if length else None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if start >= size or end < start:
        return None
    return start, end - start + 1
