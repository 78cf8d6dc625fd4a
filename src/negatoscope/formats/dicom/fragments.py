"""The list of compressed fragments of one pixel data element, kept while it streams by (PS3.5 A.4)."""

from __future__ import annotations

from typing import Final

from negatoscope.formats.dicom.elements import PIXEL_DATA
from negatoscope.formats.dicom.verdict import ByteSpan, PixelDataSpan

MAXIMUM_KEPT: Final = 16_384


class FragmentList:
    """Collect where each fragment lies. The first item is the basic offset table."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._table: ByteSpan | None = None
        self._fragments: list[ByteSpan] = []
        self._count = 0

    def add(self, offset: int, length: int) -> None:
        """Note one item."""
        if self._table is None:
            self._table = ByteSpan(offset, length)
            return
        self._count += 1
        if self._count <= MAXIMUM_KEPT:
            self._fragments.append(ByteSpan(offset, length))

    def span(self, end: int) -> PixelDataSpan:
        """Return the finished element; ``end`` is the position of its sequence delimiter."""
        is_whole = self._count <= MAXIMUM_KEPT
        return PixelDataSpan(
            tag=PIXEL_DATA,
            offset=self._start,
            length=end - self._start,
            encapsulated=True,
            fragment_count=self._count,
            fragments=tuple(self._fragments) if is_whole else (),
            basic_offset_table=self._table,
        )
