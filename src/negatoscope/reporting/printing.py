"""What a printed report shows, as values, and their words in French and English. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from negatoscope.platform.json_value import JsonValue
from negatoscope.reporting.model import Body, VersionStatus
from negatoscope.reporting.typography import NO_BREAK, typeset

LABELS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "title": "Compte rendu d’imagerie",
        "preliminary": "Compte rendu provisoire, non validé par un médecin radiologue senior",
        "final": "Compte rendu définitif",
        "addendum": "Compte rendu complété par un addendum",
        "patient": "Patient",
        "born": "Né(e) le",
        "sex": "Sexe",
        "identifiers": "Identifiants",
        "procedure": "Examen",
        "performed": "Réalisé le",
        "accession": "N° de demande",
        "requested_by": "Demandé par",
        "indication": "Indication",
        "technique": "Technique",
        "comparison": "Comparaison",
        "findings": "Résultat",
        "conclusion": "Conclusion",
        "addendum_section": "Addendum",
        "dose": "Exposition",
        "dose_unknown": "Information dosimétrique non transmise par l’équipement.",
        "equipment": "Équipement",
        "ai": "Aide par intelligence artificielle",
        "signed": "Signé électroniquement par",
        "identifier": "identifiant",
        "on": "le",
        "at": "à",
        "version": "Version",
        "fingerprint": "Empreinte SHA-256 du contenu",
        "page": "page",
        "of": "sur",
        "M": "masculin",
        "F": "féminin",
        "O": "autre",
        "research": "Logiciel de recherche et d’évaluation, non certifié comme dispositif médical.",
    },
    "en": {
        "title": "Imaging report",
        "preliminary": "Preliminary report, not validated by a senior radiologist",
        "final": "Final report",
        "addendum": "Report completed by an addendum",
        "patient": "Patient",
        "born": "Born",
        "sex": "Sex",
        "identifiers": "Identifiers",
        "procedure": "Procedure",
        "performed": "Performed",
        "accession": "Accession number",
        "requested_by": "Requested by",
        "indication": "Indication",
        "technique": "Technique",
        "comparison": "Comparison",
        "findings": "Findings",
        "conclusion": "Conclusion",
        "addendum_section": "Addendum",
        "dose": "Exposure",
        "dose_unknown": "No dose information sent by the equipment.",
        "equipment": "Equipment",
        "ai": "Aid by artificial intelligence",
        "signed": "Signed electronically by",
        "identifier": "identifier",
        "on": "on",
        "at": "at",
        "version": "Version",
        "fingerprint": "SHA-256 fingerprint of the content",
        "page": "page",
        "of": "of",
        "M": "male",
        "F": "female",
        "O": "other",
        "research": "Software for research and evaluation, not certified as a medical device.",
    },
}

_MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAddendum:
    """An addendum that an earlier version already carried."""

    text: str
    signer: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedReport:
    """All that is printed. Times are in the zone of the house."""

    language: str
    status: VersionStatus
    number: int
    institution: str
    patient_name: str
    birth_date: date | None
    sex: str
    identifiers: tuple[str, ...]
    procedure: str
    study_at: datetime | date | None
    accession_number: str
    requested_by: str
    body: Body
    earlier_addenda: tuple[SignedAddendum, ...]
    dose_lines: tuple[str, ...]
    equipment: str
    ai_lines: tuple[str, ...]
    signer: str
    signer_identifier: str
    signed_at: datetime
    content_sha256: str

    def values(self) -> dict[str, JsonValue]:
        """Return the values for the page, every word in the language of the report."""
        words = LABELS[self.language]
        return {
            "language": self.language,
            "title": f"{words['title']} — {self.procedure}",
            "heading": words["title"],
            "status": words[self.status.value],
            "is_preliminary": self.status is VersionStatus.PRELIMINARY,
            "institution": self.institution,
            "identity": self._identity(words),
            "study": self._study(words),
            "sections": [[heading, typeset(text.strip(), self.language)] for heading, text in self._sections(words)],
            "conclusion": [words["conclusion"], typeset(self.body.conclusion.strip(), self.language)],
            "addenda": self._addenda(words),
            "notes": self._notes(words),
            "signature": self._signature(words),
            "fingerprint": f"{words['fingerprint']}{self._colon}{self.content_sha256}",
            "version": f"{words['version']} {self.number}",
            "page": words["page"],
            "of": words["of"],
            "research": words["research"],
            "author": self.signer,
            "signed": [getattr(self.signed_at, part) for part in ("year", "month", "day", "hour", "minute", "second")],
        }

    @property
    def _colon(self) -> str:
        return f"{NO_BREAK}: " if self.language == "fr" else ": "

    def _identity(self, words: Mapping[str, str]) -> list[JsonValue]:
        return [
            [words["patient"], self.patient_name],
            [words["born"], long_date(self.birth_date, self.language) if self.birth_date else "—"],
            [words["sex"], words.get(self.sex, "—")],
            [words["identifiers"], ", ".join(self.identifiers) or "—"],
        ]

    def _study(self, words: Mapping[str, str]) -> list[JsonValue]:
        return [
            [words["procedure"], self.procedure],
            [words["performed"], long_moment(self.study_at, self.language, words["at"])],
            [words["accession"], self.accession_number or "—"],
            [words["requested_by"], self.requested_by or "—"],
        ]

    def _sections(self, words: Mapping[str, str]) -> list[tuple[str, str]]:
        names = ("indication", "technique", "comparison", "findings")
        return [(words[name], getattr(self.body, name)) for name in names if getattr(self.body, name).strip()]

    def _addenda(self, words: Mapping[str, str]) -> list[JsonValue]:
        past: list[JsonValue] = [
            [
                f"{words['addendum_section']}, {long_moment(one.at, self.language, words['at'])}, {one.signer}",
                typeset(one.text.strip(), self.language),
            ]
            for one in self.earlier_addenda
        ]
        if self.body.addendum.strip():
            past.append([words["addendum_section"], typeset(self.body.addendum.strip(), self.language)])
        return past

    def _notes(self, words: Mapping[str, str]) -> list[JsonValue]:
        notes: list[JsonValue] = [
            [words["dose"], "\n".join(typeset(line, self.language) for line in self.dose_lines) or words["dose_unknown"]]
        ]
        if self.equipment:
            notes.append([words["equipment"], self.equipment])
        if self.ai_lines:
            notes.append([words["ai"], "\n".join(typeset(line, self.language) for line in self.ai_lines)])
        return notes

    def _signature(self, words: Mapping[str, str]) -> str:
        who = self.signer + (f" ({words['identifier']} {self.signer_identifier})" if self.signer_identifier else "")
        return f"{words['signed']} {who}, {words['on']} {long_moment(self.signed_at, self.language, words['at'])}"


def long_date(day: date, language: str) -> str:
    """Return a day in words: 2 mars 2026, 1er avril 2026."""
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return f"{number}{NO_BREAK}{_MONTHS[language][day.month - 1]} {day.year}"


def long_moment(moment: datetime | date | None, language: str, at: str) -> str:
    """Return day and time in words; a day alone where the time is unknown."""
    if moment is None:
        return "—"
    if not isinstance(moment, datetime):
        return long_date(moment, language)
    clock = (
        f"{moment.hour}{NO_BREAK}h{NO_BREAK}{moment.minute:02}" if language == "fr" else f"{moment.hour:02}:{moment.minute:02}"
    )
    return f"{long_date(moment, language)} {at} {clock}"
