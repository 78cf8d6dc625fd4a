"""Search patients by name, birth date and number; only those that the subject may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Connection

from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Action, Subject
from negatoscope.patients import store
from negatoscope.patients.model import Patient
from negatoscope.patients.names import fold, name_key
from negatoscope.patients.tables import patients
from negatoscope.platform.errors import InvalidInput

_FRENCH_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPage:
    """One page of patients, and the key to ask for the next one with (None at the end)."""

    patients: tuple[Patient, ...]
    next_after: tuple[str, UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """What somebody typed in the search box, taken apart."""

    name: str = ""
    birth_date: date | None = None
    identifier: str = ""


def read_search(text: str) -> SearchTerms:
    """Take apart `dupont jean 04/05/1961`, `dupont^jean`, `1961-05-04` or a patient number."""
    birth_date, rest = _take_date(text)
    words = rest.split()
    if len(words) == 1 and any(character.isdigit() for character in words[0]):
        return SearchTerms(identifier=words[0], birth_date=birth_date)
    return SearchTerms(name=rest.strip(), birth_date=birth_date)


def search_patients(
    tx: Connection, subject: Subject, text: str, *, after: tuple[str, UUID] | None = None, limit: int = 50
) -> PatientPage:
    """Return the patients that match what was typed, in the order of their names.

    A name matches by its first letters, the name used as well as the birth name. One word more is a given name.
    """
    authorise(tx, subject, Action.SEARCH_PATIENTS)
    terms = read_search(text)
    where: list[ColumnElement[bool]] = [visible_patients(subject, patients.c.patient_id)]
    if terms.identifier:
        where.append(store.bears_identifier(terms.identifier))
    if terms.birth_date:
        where.append(store.born_on(terms.birth_date))
    if terms.name:
        where.append(_named(terms.name))
    if len(where) == 1:
        return PatientPage(patients=(), next_after=None)
    found = store.list_patients(tx, where, after=after, limit=limit + 1)
    page = tuple(found[:limit])
    more = len(found) > limit
    return PatientPage(patients=page, next_after=(page[-1].name_key, page[-1].patient_id) if more else None)


def list_patients(tx: Connection, subject: Subject, *, after: tuple[str, UUID] | None = None, limit: int = 50) -> PatientPage:
    """Return every patient that the subject may see, a page at a time."""
    authorise(tx, subject, Action.SEARCH_PATIENTS)
    found = store.list_patients(tx, [visible_patients(subject, patients.c.patient_id)], after=after, limit=limit + 1)
    page = tuple(found[:limit])
    more = len(found) > limit
    return PatientPage(patients=page, next_after=(page[-1].name_key, page[-1].patient_id) if more else None)


def _named(name: str) -> ColumnElement[bool]:
    """Match `DUPONT JE`: the whole as a family name, or the last words as the beginning of the given names."""
    if "^" in name:
        return store.name_starts_with(name_key(name))
    words = fold(name).split()
    if not words or len("".join(words)) < SHORTEST_NAME:
        raise InvalidInput("Type at least two letters of the name.", field="q", reason="search_too_short")
    condition = store.name_starts_with(" ".join(words))
    for cut in range(1, len(words)):
        condition = condition | store.name_starts_with(" ".join(words[:cut]) + "^" + " ".join(words[cut:]))
    return condition


def _take_date(text: str) -> tuple[date | None, str]:
    for pattern, order in ((_ISO_DATE, (1, 2, 3)), (_FRENCH_DATE, (3, 2, 1))):
        match = pattern.search(text)
        if match:
            try:
                found = date(*(int(match.group(part)) for part in order))
            except ValueError as error:
                raise InvalidInput("This date does not exist.", field="q", reason="no_such_date") from error
            return found, f"{text[: match.start()]} {text[match.end() :]}"
    return None, text
