"""What a patient is: demographics, identifiers and the trust put in them. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from negatoscope.patients.names import COMPONENT, fold, name_key
from negatoscope.platform.errors import InvalidInput, InvalidTransition

__all__ = ["Demographics", "Patient", "PatientId", "PatientIdentifier", "name_key"]

PatientId = NewType("PatientId", UUID)

LONGEST_NAME = 194  # HL7 FN-1, the longest family name that any of the standards lets through
LONGEST_IDENTIFIER = 64  # DICOM LO, the value representation of Patient ID


class Sex(StrEnum):
    """Administrative sex, HL7 table 0001 and DICOM (0010,0040)."""

    MALE = "M"
    FEMALE = "F"
    OTHER = "O"
    UNKNOWN = "U"


class IdentifierKind(StrEnum):
    """HL7 table 0203: PI, the number given by an institution; INS, the French national health identity."""

    INSTITUTION = "PI"
    NATIONAL = "INS"


class IdentityStatus(StrEnum):
    """Trust in an identity: the four exclusive states of the French referential (RNIV)."""

    PROVISIONAL = "PROV"
    VALIDATED = "VALI"
    RETRIEVED = "RECUP"
    QUALIFIED = "QUAL"


class IdentityEvent(StrEnum):
    """What can change the trust in an identity."""

    NATIONAL_IDENTITY_RETRIEVED = "national_identity_retrieved"
    DOCUMENT_CHECKED = "document_checked"
    TRAIT_EDITED = "trait_edited"
    NATIONAL_CHECK_FAILED = "national_check_failed"


IDENTITY_TRANSITIONS: dict[tuple[IdentityStatus, IdentityEvent], IdentityStatus] = {
    (IdentityStatus.PROVISIONAL, IdentityEvent.NATIONAL_IDENTITY_RETRIEVED): IdentityStatus.RETRIEVED,
    (IdentityStatus.PROVISIONAL, IdentityEvent.DOCUMENT_CHECKED): IdentityStatus.VALIDATED,
    (IdentityStatus.PROVISIONAL, IdentityEvent.TRAIT_EDITED): IdentityStatus.PROVISIONAL,
    (IdentityStatus.RETRIEVED, IdentityEvent.DOCUMENT_CHECKED): IdentityStatus.QUALIFIED,
    (IdentityStatus.RETRIEVED, IdentityEvent.TRAIT_EDITED): IdentityStatus.PROVISIONAL,
    (IdentityStatus.RETRIEVED, IdentityEvent.NATIONAL_CHECK_FAILED): IdentityStatus.PROVISIONAL,
    (IdentityStatus.VALIDATED, IdentityEvent.NATIONAL_IDENTITY_RETRIEVED): IdentityStatus.QUALIFIED,
    (IdentityStatus.VALIDATED, IdentityEvent.TRAIT_EDITED): IdentityStatus.PROVISIONAL,
    (IdentityStatus.QUALIFIED, IdentityEvent.TRAIT_EDITED): IdentityStatus.VALIDATED,
    (IdentityStatus.QUALIFIED, IdentityEvent.NATIONAL_CHECK_FAILED): IdentityStatus.VALIDATED,
}

DOUBT_FLAGS = frozenset({"FICT", "DOUT"})  # a fictitious or doubtful identity is never more than provisional (RNIV)


def next_identity_status(status: IdentityStatus, event: IdentityEvent, flags: frozenset[str] = frozenset()) -> IdentityStatus:
    """Return the trust after `event`, or raise InvalidTransition; a flag of doubt lets no trust grow."""
    target = IDENTITY_TRANSITIONS.get((status, event))
    grows = event in (IdentityEvent.NATIONAL_IDENTITY_RETRIEVED, IdentityEvent.DOCUMENT_CHECKED)
    if target is None or (grows and flags & DOUBT_FLAGS):
        raise InvalidTransition("The trust in this identity cannot change that way.")
    return target


@dataclass(frozen=True, slots=True)
class PatientIdentifier:
    """A number and who gave it. `issuer` is the namespace (HL7 CX-4.1, DICOM (0010,0021)) or the OID when there is none."""

    value: str
    issuer: str
    kind: IdentifierKind = IdentifierKind.INSTITUTION
    issuer_oid: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", clean_text(self.value))
        object.__setattr__(self, "issuer", clean_text(self.issuer))
        if not self.value or len(self.value) > LONGEST_IDENTIFIER:
            raise InvalidInput("A patient identifier has 1 to 64 characters.", field="identifier")
        if not self.issuer:
            raise InvalidInput("A patient identifier names its issuer.", field="issuer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """The traits of a person. Controls are taken out of every text; an unknown trait is empty or None.

    `family_name` and `given_names` are those used every day; `birth_family_name`, `birth_first_name` and
    `birth_given_names` (the whole list) are those of the civil register, `birth_place_code` its INSEE commune or country.
    """

    family_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    birth_family_name: str = ""
    birth_first_name: str = ""
    birth_given_names: str = ""
    birth_place_code: str = ""

    def __post_init__(self) -> None:
        for name in ("family_name", "given_names", "birth_family_name", "birth_first_name", "birth_given_names"):
            value = clean_text(getattr(self, name))
            if len(value) > LONGEST_NAME:
                raise InvalidInput("A name has at most 194 characters.", field=name)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "birth_place_code", clean_text(self.birth_place_code))

    @property
    def name_key(self) -> str:
        """Return the key of the name used: `DUPONT^JEAN`."""
        return name_key(f"{self.family_name}{COMPONENT}{self.given_names}")

    @property
    def birth_name_key(self) -> str:
        """Return the key of the birth name; that of the name used where no birth name is known."""
        family = self.birth_family_name or self.family_name
        return name_key(f"{family}{COMPONENT}{self.birth_first_name or self.given_names}")

    @property
    def person_name(self) -> str:
        """Return the name as DICOM PN: `DUPONT^Jean`."""
        return f"{self.family_name}{COMPONENT}{self.given_names}".rstrip(COMPONENT)

    @property
    def display_name(self) -> str:
        """Return the name as people read it: `DUPONT Jean`, and the birth name where it differs."""
        used = f"{self.family_name.upper()} {self.given_names}".strip()
        if self.birth_family_name and fold(self.birth_family_name) != fold(self.family_name):
            return f"{used} ({self.birth_family_name.upper()})"
        return used


def differing_traits(known: Demographics, told: Demographics) -> tuple[str, ...]:
    """Return the names of the strict traits on which both speak and disagree; accents, case and hyphens never count."""
    differing = []
    known_names = {fold(name) for name in (known.family_name, known.birth_family_name) if name}
    told_names = {fold(name) for name in (told.family_name, told.birth_family_name) if name}
    if known_names and told_names and not known_names & told_names:
        differing.append("family_name")
    if not _share_a_first_name(known, told):
        differing.append("given_names")
    if known.birth_date and told.birth_date and known.birth_date != told.birth_date:
        differing.append("birth_date")
    if Sex.UNKNOWN not in (known.sex, told.sex) and known.sex != told.sex:
        differing.append("sex")
    return tuple(differing)


def agree_on_all_traits(known: Demographics, told: Demographics) -> bool:
    """Say whether both give name, given name, birth date and sex, and the same ones."""
    complete_both = all(
        (side.family_name or side.birth_family_name) and _given_names(side) and side.birth_date and side.sex is not Sex.UNKNOWN
        for side in (known, told)
    )
    return complete_both and not differing_traits(known, told)


def _share_a_first_name(known: Demographics, told: Demographics) -> bool:
    known_names, told_names = _given_names(known), _given_names(told)
    return not known_names or not told_names or bool(known_names & told_names)


def _given_names(demographics: Demographics) -> set[str]:
    texts = (demographics.given_names, demographics.birth_first_name, demographics.birth_given_names)
    return {word for text in texts for word in fold(text).split()}


def complete(known: Demographics, told: Demographics) -> Demographics:
    """Return `known` with the traits that it lacks taken from `told`; what is known is never overwritten."""
    return Demographics(
        family_name=known.family_name or told.family_name,
        given_names=known.given_names or told.given_names,
        birth_date=known.birth_date or told.birth_date,
        sex=told.sex if known.sex is Sex.UNKNOWN else known.sex,
        birth_family_name=known.birth_family_name or told.birth_family_name,
        birth_first_name=known.birth_first_name or told.birth_first_name,
        birth_given_names=known.birth_given_names or told.birth_given_names,
        birth_place_code=known.birth_place_code or told.birth_place_code,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One person known to this tenant. `to_reconcile`: somebody must look at this identity before it is trusted."""

    patient_id: PatientId
    demographics: Demographics
    identifiers: tuple[PatientIdentifier, ...]
    identity_status: IdentityStatus
    identity_flags: frozenset[str]
    to_reconcile: bool
    source: str
    created_at: datetime
    version: int
    discrepancies: tuple[Discrepancy, ...] = field(default=())

    @property
    def display_name(self) -> str:
        """Return the name as people read it."""
        return self.demographics.display_name

    @property
    def name_key(self) -> str:
        """Return the search key of the name used."""
        return self.demographics.name_key

    @property
    def local_identifier(self) -> PatientIdentifier:
        """Return the institution's number, the one that modalities show (0010,0020); else whatever identifier there is."""
        institutions = [entry for entry in self.identifiers if entry.kind is IdentifierKind.INSTITUTION]
        return (institutions or list(self.identifiers))[0]

    @property
    def national_identifier(self) -> PatientIdentifier | None:
        """Return the INS; it exists on a qualified identity alone, and may not be used on another."""
        if self.identity_status is not IdentityStatus.QUALIFIED:
            return None
        return next((entry for entry in self.identifiers if entry.kind is IdentifierKind.NATIONAL), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Why an identity is to be reconciled: what was told, by whom, and which traits disagree."""

    reason: str
    source: str
    traits: tuple[str, ...]
    told: Demographics
    at: datetime


def clean_text(text: str) -> str:
    """Return `text` in NFC on one line: controls and format characters out, runs of spaces made one."""
    spaced = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character for character in text)
    visible = "".join(character for character in spaced if unicodedata.category(character) not in ("Cf", "Cs"))
    return " ".join(unicodedata.normalize("NFC", visible).split())
