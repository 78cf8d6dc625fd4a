"""De-identify the header of one object: clean it, mark it, and tell what a person must still look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.formats.dicom.deidentification.cleaning import Cleaner
from negatoscope.formats.dicom.deidentification.identity_words import IdentityWords
from negatoscope.formats.dicom.deidentification.profile import METHOD_CODES, Option, Profile
from negatoscope.formats.dicom.deidentification.pseudonyms import Pseudonyms
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.platform.errors import Refused

METHOD: Final = "NEGATOSCOPE PS3.15 annex E, text in pixels not removed"
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
# Encapsulated documents are pictures and text of unknown content, raw data is a maker's own.
_OPAQUE_PREFIX: Final = _STORAGE + "104."
_RAW_DATA: Final = _STORAGE + "66"
_ULTRASOUND: Final = frozenset(_STORAGE + end for end in ("3.1", "6.1", "6.2"))
_SECONDARY_CAPTURE: Final = _STORAGE + "7"


class Concern(StrEnum):
    """Name why somebody must look at the picture before it leaves."""

    SAID_TO_BE_BURNED_IN = "said_to_be_burned_in"
    NOT_SAID = "not_said"
    LOOKS_LIKE_TEXT = "looks_like_text"
    RECOGNISABLE = "recognisable"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """A data set that may leave, without pixels, and what its pictures may still show."""

    data_set: Dataset
    concerns: frozenset[Concern]


def refuse_opaque(sop_class_uid: str) -> None:
    """Raise Refused for an object that nothing can be known of: documents, raw data, private classes."""
    is_standard = is_uid(sop_class_uid) and sop_class_uid.startswith("1.2.840.10008.")
    if not is_standard or sop_class_uid.startswith(_OPAQUE_PREFIX) or sop_class_uid == _RAW_DATA:
        raise Refused("An object of this kind cannot be de-identified.", reason="cannot_be_deidentified")


def deidentify(data_set: Dataset, profile: Profile, pseudonyms: Pseudonyms) -> Deidentified:
    """Return the data set without identity, and the concerns that its own words raise. The input is not changed.

    Raises Refused for what cannot be de-identified.
    """
    refuse_opaque(str(data_set.get("SOPClassUID", "")))
    cleaned = Cleaner(profile, pseudonyms, IdentityWords(data_set)).clean(data_set)
    _mark(cleaned, profile)
    return Deidentified(data_set=cleaned, concerns=said_concerns(data_set))


def said_concerns(data_set: Dataset) -> frozenset[Concern]:
    """Return what the attributes say of text in the pixels: Burned In Annotation, and classes that carry it by habit."""
    said = str(data_set.get("BurnedInAnnotation", "") or "").strip()
    sop_class = str(data_set.get("SOPClassUID", ""))
    concerns = set()
    if said == "YES":
        concerns.add(Concern.SAID_TO_BE_BURNED_IN)
    elif said != "NO" and (sop_class in _ULTRASOUND or _is_secondary(sop_class) or data_set.get("Modality") in {"US", "OT"}):
        concerns.add(Concern.NOT_SAID)
    if str(data_set.get("RecognizableVisualFeatures", "") or "").strip() == "YES":
        concerns.add(Concern.RECOGNISABLE)
    return frozenset(concerns)


def _is_secondary(sop_class: str) -> bool:
    return sop_class == _SECONDARY_CAPTURE or sop_class.startswith(_SECONDARY_CAPTURE + ".")


def _mark(data_set: Dataset, profile: Profile) -> None:
    """Say in the data set what was done to it (PS3.15 E.1.1 step 6, PS3.3 C.7.1.1 and C.12.1)."""
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.PatientIdentityRemoved = "YES"
    data_set.DeidentificationMethod = METHOD
    chosen: list[Option | None] = [None, *sorted(profile.options)]
    data_set.DeidentificationMethodCodeSequence = [_code(METHOD_CODES, option) for option in chosen]
    if Option.RETAIN_FULL_DATES in profile.options:
        temporal = "UNMODIFIED"
    else:
        temporal = "MODIFIED" if Option.RETAIN_MODIFIED_DATES in profile.options else "REMOVED"
    data_set.LongitudinalTemporalInformationModified = temporal


def _code(codes: Mapping[Option | None, tuple[str, str]], option: Option | None) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = codes[option]
    item.CodingSchemeDesignator = "DCM"
    return item
