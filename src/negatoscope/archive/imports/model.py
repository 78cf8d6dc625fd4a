"""What an import is, the states it goes through, and what becomes of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.archive.model import Outcome, StoredInstance
from negatoscope.platform.errors import InvalidTransition


class ImportState(StrEnum):
    """Where an import stands."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class ImportEvent(StrEnum):
    """What happens to an import."""

    ARCHIVES_CAME = "archives_came"
    START = "start"
    FINISH = "finish"
    BREAK_OFF = "break_off"


TABLE: Final[Mapping[tuple[ImportState, ImportEvent], ImportState]] = MappingProxyType({
    (ImportState.RECEIVING, ImportEvent.ARCHIVES_CAME): ImportState.WAITING,
    (ImportState.RECEIVING, ImportEvent.FINISH): ImportState.DONE,
    (ImportState.RECEIVING, ImportEvent.BREAK_OFF): ImportState.FAILED,
    (ImportState.WAITING, ImportEvent.START): ImportState.READING,
    # A worker that died, or a command that was stopped, leaves an import in reading: the next one goes on.
    (ImportState.READING, ImportEvent.START): ImportState.READING,
    (ImportState.READING, ImportEvent.FINISH): ImportState.DONE,
    (ImportState.READING, ImportEvent.BREAK_OFF): ImportState.FAILED,
    (ImportState.FAILED, ImportEvent.START): ImportState.READING,
})  # fmt: skip


def next_state(state: ImportState, event: ImportEvent) -> ImportState:
    """Return the state that follows; raise InvalidTransition for what is not in the table."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise InvalidTransition("The import is not in a state for this.", reason=f"import_{state.value}") from None


class Verdict(StrEnum):
    """Name what became of one file."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerdict:
    """What became of one file; `reason` says why it was refused, skipped or put into quarantine."""

    name: str
    verdict: Verdict
    reason: str | None = None
    study_uid: str | None = None


_VERDICTS: Final = {
    Outcome.STORED: Verdict.STORED,
    Outcome.DUPLICATE: Verdict.DUPLICATE,
    Outcome.CONFLICT: Verdict.CONFLICT,
    Outcome.QUARANTINED: Verdict.QUARANTINED,
    Outcome.REFUSED: Verdict.REFUSED,
}


def verdict_on(name: str, stored: StoredInstance) -> FileVerdict:
    """Return the verdict on a file whose object the archive answered for."""
    return FileVerdict(name=name, verdict=_VERDICTS[stored.outcome], reason=stored.refusal, study_uid=stored.study_uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import. `files` counts what is to be read, 0 while it is not known; `verdicts` what was read."""

    import_id: UUID
    state: ImportState
    title: str
    started_by: UUID | None
    started_by_name: str
    started_at: datetime
    ended_at: datetime | None
    files: int
    verdicts: Mapping[Verdict, int]

    @property
    def done(self) -> int:
        """Count the files that were read."""
        return sum(self.verdicts.values())

    @property
    def is_open(self) -> bool:
        """Tell whether files are still to come or to be read."""
        return self.state in {ImportState.RECEIVING, ImportState.WAITING, ImportState.READING}
