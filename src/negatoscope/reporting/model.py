"""A report, its immutable versions, and its state machine as a table. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson

from negatoscope.platform.errors import InvalidInput, InvalidTransition

LONGEST_SECTION = 20_000


class ReportState(StrEnum):
    """States of a report."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    ADDENDUM_DRAFT = "addendum_draft"
    ADDENDED = "addended"


class ReportEvent(StrEnum):
    """What may happen to a report."""

    SAVE = "save"
    SIGN_PRELIMINARY = "sign_preliminary"
    SIGN_FINAL = "sign_final"
    SAVE_ADDENDUM = "save_addendum"
    SIGN_ADDENDUM = "sign_addendum"
    WITHDRAW_FIRST_ADDENDUM = "withdraw_first_addendum"
    WITHDRAW_LATER_ADDENDUM = "withdraw_later_addendum"


_S, _E = ReportState, ReportEvent

TRANSITIONS: dict[tuple[ReportState, ReportEvent], ReportState] = {
    (_S.DRAFT, _E.SAVE): _S.DRAFT,
    (_S.DRAFT, _E.SIGN_PRELIMINARY): _S.PRELIMINARY,
    (_S.DRAFT, _E.SIGN_FINAL): _S.FINAL,
    (_S.PRELIMINARY, _E.SAVE): _S.PRELIMINARY,
    (_S.PRELIMINARY, _E.SIGN_PRELIMINARY): _S.PRELIMINARY,
    (_S.PRELIMINARY, _E.SIGN_FINAL): _S.FINAL,
    (_S.FINAL, _E.SAVE_ADDENDUM): _S.ADDENDUM_DRAFT,
    (_S.ADDENDUM_DRAFT, _E.SAVE_ADDENDUM): _S.ADDENDUM_DRAFT,
    (_S.ADDENDUM_DRAFT, _E.SIGN_ADDENDUM): _S.ADDENDED,
    (_S.ADDENDUM_DRAFT, _E.WITHDRAW_FIRST_ADDENDUM): _S.FINAL,
    (_S.ADDENDUM_DRAFT, _E.WITHDRAW_LATER_ADDENDUM): _S.ADDENDED,
    (_S.ADDENDED, _E.SAVE_ADDENDUM): _S.ADDENDUM_DRAFT,
}


def next_state(state: ReportState, event: ReportEvent) -> ReportState:
    """Return where the event leads, or raise InvalidTransition when the table has no such line."""
    to = TRANSITIONS.get((state, event))
    if to is None:
        raise InvalidTransition(f"A report that is {state} does not allow {event}.")
    return to


class VersionStatus(StrEnum):
    """What a signed version is worth: HL7 result status P, F and C follow from it."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    ADDENDUM = "addendum"


class Assessment(StrEnum):
    """The reader's verdict on the whole study. Empty until given; teaching cases need it."""

    NONE = ""
    NORMAL = "normal"
    ABNORMAL = "abnormal"
    UNDETERMINED = "undetermined"


class Discrepancy(StrEnum):
    """How far the final report departs from the preliminary one, as its senior judges."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text of a report, section by section. Plain text; line breaks are kept."""

    template: str = ""
    assessment: Assessment = Assessment.NONE
    indication: str = ""
    technique: str = ""
    comparison: str = ""
    findings: str = ""
    conclusion: str = ""
    addendum: str = ""

    def __post_init__(self) -> None:
        for section in fields(self):
            text = getattr(self, section.name)
            if len(text) > LONGEST_SECTION:
                raise InvalidInput("A section of the report is too long.", reason="too_long", field=section.name)
            if any(ord(character) < 32 and character not in "\n\t" for character in text):
                raise InvalidInput("A section holds control characters.", reason="control_character", field=section.name)

    def to_json(self) -> dict[str, str]:
        """Return the body as JSON values."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Body:
        """Read what `to_json` wrote, or what a form sent; unknown names and wrong types are InvalidInput."""
        known = {section.name for section in fields(cls)}
        if not values.keys() <= known:
            raise InvalidInput("The report has no such section.", reason="unknown_section", field="body")
        if not all(isinstance(value, str) for value in values.values()):
            raise InvalidInput("A section of the report is not text.", reason="not_text", field="body")
        texts = {name: str(value).replace("\r\n", "\n").replace("\r", "\n") for name, value in values.items()}
        verdict = texts.pop("assessment", "")
        if verdict not in set(Assessment):
            raise InvalidInput("The assessment is not one of the known words.", reason="unknown_word", field="assessment")
        return cls(assessment=Assessment(verdict), **texts)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was written yet."""
        texts = (self.indication, self.technique, self.comparison, self.findings, self.conclusion, self.addendum)
        return not self.assessment and not any(text.strip() for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report of one study, as it is being worked on. `version` is the lock of the row, not a signed version.

    `patient_id` is the patient whose study it is now.
    """

    report_id: UUID
    study_uid: str
    patient_id: UUID
    state: ReportState
    language: str
    author_id: UUID
    author_name: str
    body: Body
    saved_by: str
    saved_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportVersion:
    """One signed version. Never changes. `content_sha256` covers text, patient, study, signer and the version before.

    `pdf_sha256` is that of the rendering, which is stored in the study as `sop_instance_uid`; a preliminary version stays
    out of the study and has none. `patient_id` is the patient for whom it was signed; `identity_changed` tells that the
    study was given to another since: the version then names a stranger, and nobody outside the department sees it.
    """

    version_id: UUID
    report_id: UUID
    study_uid: str
    patient_id: UUID
    number: int
    status: VersionStatus
    language: str
    body: Body
    content_sha256: str
    previous_sha256: str
    pdf_sha256: str
    pdf_size: int
    series_uid: str
    sop_instance_uid: str
    signer_id: UUID
    signer_name: str
    signer_identifier: str
    auth_level: str
    signed_at: datetime
    discrepancy: Discrepancy | None
    identity_changed: bool = False


def content_sha256(content: Mapping[str, object]) -> str:
    """Return the SHA-256 of a content in one canonical form: JSON, keys sorted, UTF-8, no spaces."""
    return hashlib.sha256(orjson.dumps(dict(content), option=orjson.OPT_SORT_KEYS)).hexdigest()
