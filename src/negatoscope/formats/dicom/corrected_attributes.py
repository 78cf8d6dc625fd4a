"""Write other values into the attributes of an object, and keep what they were in the Original Attributes Sequence.

PS3.3 C.12.1.1.9: one item of (0400,0561) for each correction, with the previous values of what was replaced or removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.platform.errors import CorruptObject

OF_ANOTHER_PERSON: Final = (
    *("OtherPatientIDsSequence", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    *("PatientBirthTime", "PatientAddress", "PatientTelephoneNumbers", "IssuerOfPatientIDQualifiersSequence"),
)
"""What else says who the patient is: gone when the object turns out to be of another person."""

_UNICODE: Final = "ISO_IR 192"


def correct_attributes(data_set: Dataset, values: Mapping[str, str], *, at: datetime, system: str) -> bool:
    """Give the data set these values by keyword; False, and nothing changed, when it has them already."""
    try:
        previous = _replaced(data_set, values)
        if previous is None:
            return False
        data_set.decode()
        if any(not value.isascii() for value in values.values()) and data_set.get("SpecificCharacterSet") != _UNICODE:
            data_set.SpecificCharacterSet = _UNICODE
        for keyword in [element.keyword for element in previous]:
            if values.get(keyword):
                setattr(data_set, keyword, values[keyword])
            elif keyword in values:
                setattr(data_set, keyword, None)
            elif keyword in data_set:
                delattr(data_set, keyword)
        item = Dataset()
        item.AttributeModificationDateTime = at.strftime("%Y%m%d%H%M%S%z")
        item.ModifyingSystem, item.SourceOfPreviousValues = system, None
        item.ReasonForTheAttributeModification = "CORRECT"
        item.ModifiedAttributesSequence = Sequence([previous])
        earlier = list(data_set.get("OriginalAttributesSequence") or ())
        data_set.OriginalAttributesSequence = Sequence([*earlier, item])
    except PYDICOM_FAULTS as error:
        raise CorruptObject("The attributes of an object cannot be corrected.", reason="header_unreadable") from error
    return True


def _replaced(data_set: Dataset, values: Mapping[str, str]) -> Dataset | None:
    """Return the elements that are to change, as they are; None when there are none."""
    changed = [keyword for keyword, value in values.items() if str(data_set.get(keyword) or "") != value]
    if not changed:
        return None
    if "PatientID" in changed or "IssuerOfPatientID" in changed:
        changed += [keyword for keyword in OF_ANOTHER_PERSON if keyword in data_set]
    previous = Dataset()
    for keyword in changed:
        setattr(previous, keyword, data_set[keyword].value if keyword in data_set else None)
    return previous
