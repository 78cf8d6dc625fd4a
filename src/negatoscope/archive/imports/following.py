"""Begin, follow and end an import: policy and trace, then what became of each file as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.imports import store
from negatoscope.archive.imports.model import FileVerdict, Import, ImportEvent, ImportState, next_state
from negatoscope.audit.trail import record
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

LONGEST_TITLE = 200


def begin_import(
    platform: Platform,
    subject: Subject,
    *,
    title: str,
    fingerprint: str | None = None,
    state: ImportState = ImportState.READING,
) -> UUID:
    """Write down that an import begins; raise Forbidden where the policy says no."""
    one = Import(
        import_id=uuid4(),
        state=state,
        title=title.encode("utf-8", "replace").decode().replace("\0", "?")[:LONGEST_TITLE],
        started_by=subject.user_id,
        started_by_name=subject.display_name,
        started_at=platform.clock.now(),
        ended_at=None,
        files=0,
        verdicts={},
    )
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.IMPORT_STUDY)
        store.insert_import(tx, one, fingerprint=fingerprint)
        record(tx, subject.actor, Action.IMPORT_STUDY.value, objects={"import": str(one.import_id)})
        tell(tx, one.import_id, state)
    return one.import_id


def go_on_with_import(platform: Platform, subject: Subject, fingerprint: str) -> UUID | None:
    """Return the import of the same thing that was broken off, now reading again; None when there is none."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.IMPORT_STUDY)
        import_id = store.find_interrupted(tx, fingerprint)
        if import_id is None:
            return None
        move(tx, import_id, ImportEvent.START)
        record(tx, subject.actor, Action.IMPORT_STUDY.value, objects={"import": str(import_id), "resumed": True})
    return import_id


def move(tx: Connection, import_id: UUID, event: ImportEvent, **values: object) -> ImportState:
    """Move an import on by its table of states, with other columns; return the state."""
    state = next_state(store.get_import(tx, import_id, lock=True).state, event)
    store.update_import(tx, import_id, state=state.value, **values)
    tell(tx, import_id, state)
    return state


def names_done(platform: Platform, import_id: UUID) -> frozenset[str]:
    """Return the names of the files that need not be read again."""
    with platform.database.read(platform.tenant) as tx:
        return frozenset(store.list_names_done(tx, import_id))


def record_verdicts(platform: Platform, import_id: UUID, verdicts: Sequence[FileVerdict]) -> None:
    """Write down what became of some files, and tell it."""
    if not verdicts:
        return
    with platform.database.transaction(platform.tenant) as tx:
        store.upsert_verdicts(tx, import_id, verdicts)
        tell(tx, import_id, ImportState.READING)


def finish_import(platform: Platform, import_id: UUID) -> None:
    """Write down that every file has its verdict."""
    with platform.database.transaction(platform.tenant) as tx:
        move(tx, import_id, ImportEvent.FINISH, ended_at=platform.clock.now())


def broken_off(platform: Platform, import_id: UUID) -> None:
    """Write down that an import ended before its files did; what was stored stays."""
    with platform.database.transaction(platform.tenant) as tx:
        if store.get_import(tx, import_id).is_open:
            move(tx, import_id, ImportEvent.BREAK_OFF, ended_at=platform.clock.now())


def tell(tx: Connection, import_id: UUID, state: ImportState) -> None:
    """Publish where an import stands."""
    publish(tx, "import_changed", subject=str(import_id), payload={"state": state.value})
