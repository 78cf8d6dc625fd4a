"""Identifiers and attribute lists: strangers' bytes to data sets, and our answers to bytes in a character set they read."""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from negatoscope.formats.dicom.containers import Coding
from negatoscope.formats.dicom.data_set_parser import DataSetParser
from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set
from negatoscope.formats.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.errors import CorruptObject, InvalidInput

UTF_8: Final = "ISO_IR 192"
LATIN_1: Final = "ISO_IR 100"


def decode_data_set(content: bytes, transfer_syntax_uid: str) -> Dataset:
    """Decode a small data set; the gate's parser judges it first, so that neither nesting nor a length can hurt."""
    coding = Coding.IMPLICIT_LITTLE if transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN else Coding.EXPLICIT_LITTLE
    parser = DataSetParser(coding, header_limit=0, longest_value=len(content))  # lists of identifiers are long
    parser.feed(content)
    failure = parser.finish()
    if failure is not None:
        raise InvalidInput("The data set of the request is malformed.", reason=failure.value)
    try:
        data_set = data_set_from_header(content, transfer_syntax_uid)
        data_set.decode()
    except (CorruptObject, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidInput("The data set of the request cannot be read.", reason="malformed_identifier") from error
    return data_set


def text_of(data_set: Dataset, keyword: str) -> str:
    """Return a value as DICOM writes it, several values parted by a backslash; empty when absent."""
    value = data_set.get(keyword)
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, (MultiValue, list)):
        return "\\".join(str(part) for part in value)
    return str(value)


def encode_answer(data_set: Dataset, transfer_syntax_uid: str, *, asked_character_set: str) -> bytes:
    """Encode a response identifier: plain when it is ASCII, Latin-1 when asked for and enough, else UTF-8.

    Some modalities refuse a character set they do not know even where every value is ASCII.
    """
    texts = list(_texts(data_set))
    if all(text.isascii() for text in texts):
        data_set.pop("SpecificCharacterSet", None)
    elif asked_character_set == LATIN_1 and all(_is_latin_1(text) for text in texts):
        data_set.SpecificCharacterSet = LATIN_1
    else:
        data_set.SpecificCharacterSet = UTF_8
    return encode_data_set(data_set, transfer_syntax_uid)


def _texts(data_set: Dataset) -> list[str]:
    found: list[str] = []
    for element in data_set:
        if element.VR == "SQ":
            for item in element.value or ():
                item.pop("SpecificCharacterSet", None)
                found.extend(_texts(item))
        elif isinstance(element.value, (MultiValue, list)):
            found.extend(str(part) for part in element.value)
        elif element.value is not None and not isinstance(element.value, bytes):
            found.append(str(element.value))
    return found


def _is_latin_1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
