"""Walk a data set and give back what may leave: every element, at every depth, by the profile (PS3.15 E.1.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from negatoscope.formats.dicom.deidentification.descriptors import cleaned_description
from negatoscope.formats.dicom.deidentification.dummies import DUMMY_VALUES
from negatoscope.formats.dicom.deidentification.identity_words import IdentityWords
from negatoscope.formats.dicom.deidentification.profile import Act, Option, Profile
from negatoscope.formats.dicom.deidentification.pseudonyms import Pseudonyms
from negatoscope.formats.dicom.deidentification.safe_private import is_safe_creator, is_safe_private
from negatoscope.formats.dicom.deidentification.temporal import TEMPORAL_VRS, shifted_value
from negatoscope.formats.dicom.elements import PIXEL_DATA_TAGS
from negatoscope.formats.dicom.files import PYDICOM_FAULTS

_PATIENT_CODES: Final = frozenset({0x00100010, 0x00100020})
_TRIAL_SUBJECT: Final = frozenset({0x00120040, 0x00120042})
_CHARACTER_SET: Final = 0x00080005
_TEXT_VALUE: Final = 0x0040A160
_GRAPHICS: Final = 0x00700001
_GRAPHIC_TEXT: Final = frozenset({0x00700008, 0x00700006})
_STRUCTURED: Final = frozenset({0x0040A730, 0x00400555, 0x00400610})
_CODING_SCHEME: Final = 0x00080102
_CLASS_UIDS: Final = frozenset({
    0x00080016, 0x00080062, 0x0008001A, 0x0008001B, 0x00081150, 0x0008115A, 0x00041510, 0x0004151A, 0x00041512,
    0x04000010, 0x04000510, 0x00083002,
})  # fmt: skip
_TEXT_VRS: Final = frozenset({"AE", "AS", "CS", "LO", "LT", "SH", "ST", "UC", "UT"})
_LAST_RESERVED_GROUP: Final = 0x0007


class Cleaner:
    """Clean the data sets of one patient. `identity` is what the second look searches for."""

    def __init__(self, profile: Profile, pseudonyms: Pseudonyms, identity: IdentityWords) -> None:
        self._profile = profile
        self._options = profile.options
        self._pseudonyms = pseudonyms
        self._identity = identity

    def clean(self, data_set: Dataset) -> Dataset:
        """Return a new data set of what may leave; what cannot be read does not."""
        cleaned = Dataset()
        for tag in list(data_set.keys()):
            try:
                element = self._element(data_set, data_set[tag])
            except PYDICOM_FAULTS:
                continue
            if element is not None:
                cleaned.add(element)
        return cleaned

    def _element(self, data_set: Dataset, element: DataElement) -> DataElement | None:
        tag = int(element.tag)
        group, number = tag >> 16, tag & 0xFFFF
        if group & 1:
            return self._private(data_set, element)
        # Overlays and curves go whole: what is drawn in them cannot be judged, and a plane without its data is invalid.
        is_graphic_group = group & 0xFF00 in (0x5000, 0x6000)
        if group <= _LAST_RESERVED_GROUP or number == 0 or is_graphic_group or tag in PIXEL_DATA_TAGS | {_CHARACTER_SET}:
            return None
        if element.VR == "UN" or not dictionary_has_tag(tag):
            return None
        act = self._profile.act_on(tag)
        return self._unlisted(element) if act is None else self._act(element, act)

    def _act(self, element: DataElement, act: Act) -> DataElement | None:
        if act is Act.REMOVE:
            return None
        if element.VR == "SQ":
            return self._sequence(element, act)
        if element.VR == "UI":
            return _with(element, element.value if act is Act.KEEP else self._uids(element))
        if act is Act.KEEP:
            return self._kept(element)
        if act is Act.CLEAN:
            return self._cleaned(element)
        return self._replaced(element, is_dummy=act is Act.DUMMY)

    def _unlisted(self, element: DataElement) -> DataElement | None:
        """Decide by representation where the table says nothing (PS3.15 E.1.1 notes 1 and 4)."""
        vr = element.VR
        if vr == "SQ":
            return _with(element, [self.clean(item) for item in element.value])
        if vr in TEMPORAL_VRS:
            return self._temporal(element)
        if vr == "PN":
            return self._replaced(element, is_dummy=True)
        if vr == "UI":
            keeps = Option.RETAIN_UIDS in self._options or int(element.tag) in _CLASS_UIDS
            return _with(element, element.value if keeps else self._uids(element))
        return None if vr == "UR" else self._kept(element)

    def _temporal(self, element: DataElement) -> DataElement:
        if Option.RETAIN_FULL_DATES in self._options:
            return element
        if Option.RETAIN_MODIFIED_DATES not in self._options:
            return self._replaced(element, is_dummy=bool(element.value))
        shifted = [shifted_value(element.VR, text, self._pseudonyms) for text in _texts(element)]
        return _with(element, shifted if any(shifted) else "")

    def _cleaned(self, element: DataElement) -> DataElement:
        if element.VR in TEMPORAL_VRS:
            return self._temporal(element)
        if element.VR not in _TEXT_VRS:
            return self._replaced(element, is_dummy=True)
        text = " ".join(filter(None, map(cleaned_description, _texts(element))))
        if not text or self._identity.are_in(text):
            return self._replaced(element, is_dummy=True)
        return _with(element, text[:16] if element.VR in {"SH", "CS", "AE"} else text[:64])

    def _replaced(self, element: DataElement, *, is_dummy: bool) -> DataElement:
        tag = int(element.tag)
        if tag in _PATIENT_CODES:
            return _with(element, self._pseudonyms.patient_code)
        if tag in _TRIAL_SUBJECT:
            return _with(element, self._pseudonyms.code("subject", "\\".join(_texts(element))))
        return _with(element, DUMMY_VALUES[element.VR] if is_dummy else None)

    def _kept(self, element: DataElement) -> DataElement:
        """Return an element as it is, but for values that name somebody all the same."""
        value, vr = element.value, element.VR
        if isinstance(value, bytes):
            # In implicit VR some keep a representation of two names ("OB or OW").
            return _with(element, DUMMY_VALUES.get(vr, b"\0\0")) if self._identity.are_in_bytes(value) else element
        if vr in {"DS", "IS"}:
            is_telling = any(map(self._identity.is_number, _texts(element)))
            return _with(element, DUMMY_VALUES[vr]) if is_telling else element
        if vr not in _TEXT_VRS:
            return element
        texts = _texts(element)
        if not any(map(self._identity.are_in, texts)):
            return element
        return _with(element, [DUMMY_VALUES[vr] if self._identity.are_in(text) else text for text in texts])

    def _uids(self, element: DataElement) -> list[str]:
        """Return the UIDs that stand for these; those that the standard gives to everybody stay."""
        return [uid if uid in UID_dictionary else self._pseudonyms.uid(uid) for uid in _texts(element) if uid]

    def _sequence(self, element: DataElement, act: Act) -> DataElement | None:
        tag = int(element.tag)
        if act is Act.EMPTY:
            return _with(element, [])
        if act is Act.DUMMY:
            return _with(element, [self._dummy_item(item) for item in element.value])
        if act is Act.CLEAN and tag == _GRAPHICS:
            layers = [self._graphics(item) for item in element.value]
            kept = [item for item in layers if "GraphicObjectSequence" in item]
            return _with(element, kept) if kept else None
        if act is Act.CLEAN and tag in _STRUCTURED:
            return _with(element, [self._content(item) for item in element.value])
        return _with(element, [self.clean(item) for item in element.value])

    def _dummy_item(self, item: Dataset) -> Dataset:
        """Return an item of the same form that says nothing: terms stay, every other value is a dummy."""
        dummy = Dataset()
        for element in _readable(item):
            if element.tag.is_private or element.tag == _CHARACTER_SET or element.VR == "UN":
                continue
            if element.VR == "SQ":
                dummy.add(_with(element, [self._dummy_item(one) for one in element.value]))
            elif element.VR == "UI":
                dummy.add(_with(element, self._uids(element)))
            elif element.VR == "CS":
                dummy.add(self._kept(element))
            elif int(element.tag) == _CODING_SCHEME:
                dummy.add(_with(element, "99ANONYMOUS"))
            else:
                dummy.add(_with(element, DUMMY_VALUES[element.VR]))
        return dummy

    def _content(self, item: Dataset) -> Dataset:
        """Return a content item: codes, numbers and references stay, free text is cleaned, people go."""
        cleaned = self.clean(item)
        if _TEXT_VALUE in item:
            cleaned.add(self._cleaned(item[_TEXT_VALUE]))
        return cleaned

    def _graphics(self, item: Dataset) -> Dataset:
        """Return an annotation without its texts; drawn shapes stay."""
        cleaned = self.clean(item)
        for tag in _GRAPHIC_TEXT & {int(tag) for tag in cleaned.keys()}:  # noqa: SIM118 - iterating gives elements
            del cleaned[tag]
        return cleaned

    def _private(self, data_set: Dataset, element: DataElement) -> DataElement | None:
        if Option.RETAIN_SAFE_PRIVATE not in self._options:
            return None
        tag = int(element.tag)
        if element.tag.is_private_creator:
            return element if is_safe_creator(tag, str(element.value)) else None
        creator_tag = (tag & 0xFFFF0000) | (tag >> 8 & 0xFF)
        creator = str(data_set[creator_tag].value) if creator_tag in data_set else ""
        return element if is_safe_private(tag, creator, element.VR, element.value) else None


def _with(element: DataElement, value: object) -> DataElement:
    return DataElement(element.tag, element.VR, value)


def _texts(element: DataElement) -> list[str]:
    value = element.value
    values = value if isinstance(value, MultiValue | list) else [value]
    return [str(one) for one in values if one is not None]


def _readable(item: Dataset) -> Iterable[DataElement]:
    for tag in list(item.keys()):
        try:
            yield item[tag]
        except PYDICOM_FAULTS:
            continue
