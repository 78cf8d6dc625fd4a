"""What identifies the people of one data set, and whether a text still says it: the second look after the profile.

The table of the profile leaves many attributes alone (manufacturer, protocol, body part). A name typed into one of them
is found here, because the same data set says who the patient and the staff are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from negatoscope.formats.dicom.deidentification.descriptors import folded
from negatoscope.formats.dicom.files import PYDICOM_FAULTS

_IDENTIFIERS: Final = frozenset({
    0x00080050, 0x00100020, 0x00101000, 0x00101005, 0x00101040, 0x00101060, 0x00101080, 0x00101090, 0x00102154,
    0x00380010, 0x00380060, 0x00401001, 0x00402016, 0x00402017,
})  # fmt: skip
_BIRTH_DATE: Final = 0x00100030
_SHORTEST_NAME: Final = 3
_SHORTEST_INSIDE: Final = 5
_SHORTEST_IDENTIFIER: Final = 4
_SHORTEST_NUMBER: Final = 6
_WORD: Final = re.compile(r"[^\W\d_]+", re.UNICODE)
_NOT_TEXT: Final = re.compile(r"[\W_]+", re.UNICODE)


class IdentityWords:
    """The names, identifiers and birth date found at any depth of a data set."""

    def __init__(self, data_set: Dataset) -> None:
        self._names: set[str] = set()
        self._identifiers: set[str] = set()
        for element in _elements(data_set):
            self._take(element)

    def are_in(self, text: str) -> bool:
        """Tell whether a text names somebody: a name as a word (long ones inside others too), an identifier anywhere."""
        plain = folded(text)
        words = _WORD.findall(plain)
        if any(word in self._names for word in words):
            return True
        joined = _NOT_TEXT.sub("", plain)
        return any(len(name) >= _SHORTEST_INSIDE and name in joined for name in self._names) or any(
            identifier in joined for identifier in self._identifiers
        )

    def are_in_bytes(self, value: bytes) -> bool:
        """Tell whether binary content holds a name or an identifier as text."""
        text = folded(value.decode("utf-8", "replace")) + folded(value.decode("latin-1"))
        return any(word in text for word in self._names | self._identifiers if len(word) >= _SHORTEST_INSIDE)

    def is_number(self, number: str) -> bool:
        """Tell whether a number is an identifier of somebody; short ones prove nothing."""
        digits = number.strip()
        return len(digits) >= _SHORTEST_NUMBER and digits in self._identifiers

    def _take(self, element: DataElement) -> None:
        tag, values = int(element.tag), _texts(element)
        if element.VR == "PN":
            names = [word for value in values for word in _WORD.findall(folded(value))]
            self._names.update(name for name in names if len(name) >= _SHORTEST_NAME)
        elif tag == _BIRTH_DATE:
            for value in values:
                if len(value) == 8:
                    self._identifiers |= {value, value[6:] + value[4:6] + value[:4]}
        elif tag in _IDENTIFIERS:
            plain = [_NOT_TEXT.sub("", folded(value)) for value in values]
            self._identifiers.update(value for value in plain if len(value) >= _SHORTEST_IDENTIFIER)


def _elements(data_set: Dataset) -> Iterator[DataElement]:
    waiting = [data_set]
    while waiting:
        current = waiting.pop()
        for tag in list(current.keys()):
            try:
                element = current[tag]
                if element.VR == "SQ":
                    waiting.extend(element.value)
                else:
                    yield element
            except PYDICOM_FAULTS:
                continue


def _texts(element: DataElement) -> list[str]:
    value = element.value
    values = value if isinstance(value, MultiValue | list) else [value]
    return [str(one) for one in values if one is not None]
