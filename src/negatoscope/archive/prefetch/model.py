"""Sources of earlier examinations, what they answer, and which of it is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.patients.model import Demographics, differing_traits
from negatoscope.platform.errors import InvalidTransition

MOST_AGE_DAYS: Final = 36_525
MOST_STUDIES: Final = 50
MOST_OBJECTS: Final = 100_000
MOST_LOOKED_INTO: Final = 30
MOST_ATTEMPTS: Final = 6
FIRST_WAIT_S: Final = 10.0


class SourceKind(StrEnum):
    """How a source is spoken with: C-FIND and C-MOVE, or QIDO-RS and WADO-RS."""

    DEVICE = "device"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSource:
    """Another archive. `patient_issuer` gave the patient numbers by which it knows people.

    `modalities` empty: all. `same_region`: only studies of the same part of the body, or of an unknown one.
    """

    source_id: UUID
    name: str
    kind: SourceKind
    peer_id: UUID
    patient_issuer: str
    modalities: tuple[str, ...] = ()
    same_region: bool = True
    most_age_days: int = 3653
    most_studies: int = 3
    most_objects: int = 2000
    is_enabled: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """For what earlier examinations are wanted: a planned study, its modality and the body parts that go with it."""

    study_uid: str
    patient_id: UUID
    modality: str = ""
    body_parts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStudy:
    """A study as another archive describes it."""

    study_uid: str
    patient_identifier: str
    patient_issuer: str
    demographics: Demographics
    study_date: date | None
    modalities: tuple[str, ...]
    objects: int | None


class FetchState(StrEnum):
    """Where the fetching of a study stands."""

    QUEUED = "queued"
    FETCHED = "fetched"
    FAILED = "failed"


class FetchEvent(StrEnum):
    """What happens to it."""

    SUCCEED = "succeed"
    FAIL = "fail"
    EXHAUST = "exhaust"
    RETRY = "retry"


_S, _E = FetchState, FetchEvent
FETCH_TABLE: Final[Mapping[tuple[FetchState, FetchEvent], FetchState]] = MappingProxyType({
    (_S.QUEUED, _E.SUCCEED): _S.FETCHED,
    (_S.QUEUED, _E.FAIL): _S.QUEUED,
    (_S.QUEUED, _E.EXHAUST): _S.FAILED,
    (_S.FAILED, _E.RETRY): _S.QUEUED,
})  # fmt: skip


def next_fetch_state(state: FetchState, event: FetchEvent) -> FetchState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = FETCH_TABLE.get((state, event))
    if target is None:
        raise InvalidTransition("This is not possible for a study in this state of fetching.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One study that was asked for elsewhere. `round` numbers its jobs."""

    study_uid: str
    source_id: UUID
    patient_id: UUID
    sent_patient_id: str
    for_study_uid: str
    state: FetchState
    attempts: int
    round: int
    objects: int
    reason: str
    asked_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What one source answered for one planned study."""

    source_id: UUID
    study_uid: str
    patient_id: UUID
    state: str
    found: int
    chosen: int
    strangers: int
    reason: str
    at: datetime


def is_same_person(known: Demographics, remote: RemoteStudy, identifier: str, issuer: str) -> bool:
    """Tell whether a study elsewhere is this person's: number and issuer, and name and birth date, given on both sides.

    A number alone proves nothing: it may have been typed wrongly there, or belong to another issuer's patient.
    """
    told = remote.demographics
    if remote.patient_identifier != identifier or (remote.patient_issuer and remote.patient_issuer != issuer):
        return False
    if not told.family_name or told.birth_date is None or known.birth_date is None:
        return False
    return not differing_traits(known, told)


def narrow(source: PriorSource, wanted: Wanted, found: Iterable[RemoteStudy], today: date) -> list[RemoteStudy]:
    """Return what may be wanted as far as study attributes tell: the planned modality first, then newest first."""
    return sorted(
        (one for one in found if _may_be_wanted(source, wanted, one, today)),
        key=lambda one: (wanted.modality not in one.modalities, -(one.study_date or date.min).toordinal(), one.study_uid),
    )[:MOST_LOOKED_INTO]


def _may_be_wanted(source: PriorSource, wanted: Wanted, one: RemoteStudy, today: date) -> bool:
    if one.study_uid == wanted.study_uid or (one.objects or 0) > source.most_objects:
        return False
    if source.modalities and one.modalities and not set(source.modalities) & set(one.modalities):
        return False
    return one.study_date is None or 0 <= (today - one.study_date).days <= source.most_age_days


def is_of_region(wanted: Wanted, body_parts: Sequence[str]) -> bool:
    """Tell whether the body parts that a study names go with the planned one; what names none may."""
    named = {" ".join(part.upper().replace("_", " ").split()) for part in body_parts if part.strip()}
    return not named or not wanted.body_parts or bool(named & wanted.body_parts)


def wait_s(attempts: int) -> float:
    """Return the wait after so many failed attempts: ten seconds, tripled each time."""
    return FIRST_WAIT_S * 3.0 ** (attempts - 1)
