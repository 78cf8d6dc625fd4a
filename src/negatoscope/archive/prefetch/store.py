"""SQL of sources, searches and fetches of earlier examinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from negatoscope.archive.prefetch.model import Fetch, FetchState, PriorSource, Search, SourceKind, Wanted
from negatoscope.archive.prefetch.tables import prior_fetches, prior_searches, prior_sources
from negatoscope.archive.tables import instances, studies
from negatoscope.platform.errors import Conflict, NotFound, StaleVersion

ASKED, ANSWERED, FAILED = "asked", "answered", "failed"


def insert_source(tx: Connection, source: PriorSource) -> None:
    """Add a source; Conflict when its name is taken."""
    try:
        with tx.begin_nested():
            tx.execute(insert(prior_sources).values(source_id=source.source_id, version=1, **_values(source)))
    except IntegrityError as error:
        raise Conflict("Another source has this name.", reason="source_name_taken", field="name") from error


def update_source(tx: Connection, source: PriorSource) -> None:
    """Change a source if nobody changed it since `source.version`; Conflict when its name is taken."""
    table = prior_sources
    same = (table.c.source_id == source.source_id) & (table.c.version == source.version)
    try:
        with tx.begin_nested():
            changed = tx.execute(update(table).where(same).values(version=source.version + 1, **_values(source)))
    except IntegrityError as error:
        raise Conflict("Another source has this name.", reason="source_name_taken", field="name") from error
    if changed.rowcount == 0:
        raise StaleVersion("Somebody else changed this source first.")


def get_source(tx: Connection, source_id: UUID) -> PriorSource:
    """Return one source, or raise NotFound."""
    row = tx.execute(select(prior_sources).where(prior_sources.c.source_id == source_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("No such source.", reason="no_such_source")
    return _source_of(row)


def list_sources(tx: Connection, *, enabled_only: bool = False) -> list[PriorSource]:
    """Return the sources by name."""
    query = select(prior_sources).order_by(prior_sources.c.name)
    if enabled_only:
        query = query.where(prior_sources.c.is_enabled)
    return [_source_of(row) for row in tx.execute(query).mappings()]


def save_search(tx: Connection, source_id: UUID, wanted: Wanted, at: datetime, values: Mapping[str, object]) -> None:
    """Write down what came of asking a source for a planned study; asking again writes over it."""
    written = {"patient_id": wanted.patient_id, "at": at, "found": 0, "chosen": 0, "strangers": 0, "reason": "", **values}
    statement = upsert(prior_searches).values(source_id=source_id, study_uid=wanted.study_uid, **written)
    tx.execute(statement.on_conflict_do_update(index_elements=["tenant", "source_id", "study_uid"], set_=written))


def list_searches(tx: Connection, *, limit: int) -> list[Search]:
    """Return the latest searches, newest first."""
    query = select(prior_searches).order_by(prior_searches.c.at.desc(), prior_searches.c.study_uid).limit(limit)
    return [Search(**row) for row in tx.execute(query).mappings()]


def insert_fetch(tx: Connection, fetch: Fetch) -> bool:
    """Add a study to fetch; False when it was asked for before, of whichever source, or is here."""
    if tx.execute(select(studies.c.study_uid).where(studies.c.study_uid == fetch.study_uid)).first() is not None:
        return False
    values = {name: getattr(fetch, name) for name in Fetch.__slots__} | {"state": fetch.state.value}
    made = tx.execute(upsert(prior_fetches).values(values).on_conflict_do_nothing().returning(prior_fetches.c.study_uid))
    return made.first() is not None


def find_fetch(tx: Connection, study_uid: str, *, lock: bool = False) -> Fetch | None:
    """Return the fetching of a study, None when it was never asked for."""
    query = select(prior_fetches).where(prior_fetches.c.study_uid == study_uid)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return _fetch_of(row) if row is not None else None


def update_fetch(tx: Connection, fetch: Fetch, values: Mapping[str, object]) -> None:
    """Write these columns of a fetch that is still as it was read, or raise StaleVersion."""
    table = prior_fetches
    same = (table.c.study_uid == fetch.study_uid) & (table.c.version == fetch.version)
    if tx.execute(update(table).where(same).values(version=fetch.version + 1, **values)).rowcount != 1:
        raise StaleVersion("Somebody else changed this first.")


def list_fetches(tx: Connection, *, limit: int) -> list[Fetch]:
    """Return the latest fetches, newest first."""
    query = select(prior_fetches).order_by(prior_fetches.c.asked_at.desc(), prior_fetches.c.study_uid).limit(limit)
    return [_fetch_of(row) for row in tx.execute(query).mappings()]


def list_fetched(tx: Connection, study_uids: Sequence[str]) -> dict[str, str]:
    """Return, of these studies, those that came from elsewhere, each with the name of its source."""
    joined = prior_fetches.join(prior_sources, prior_sources.c.source_id == prior_fetches.c.source_id)
    query = select(prior_fetches.c.study_uid, prior_sources.c.name).select_from(joined)
    return {row[0]: row[1] for row in tx.execute(query.where(prior_fetches.c.study_uid.in_(list(study_uids))))}


def count_objects(tx: Connection, study_uid: str) -> int:
    """Count the objects of a study that are here."""
    query = select(func.count()).select_from(instances).where(instances.c.study_uid == study_uid)
    return tx.execute(query).scalar_one()


def _values(source: PriorSource) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": source.kind.value,
        "peer_id": source.peer_id,
        "patient_issuer": source.patient_issuer,
        "modalities": list(source.modalities),
        "same_region": source.same_region,
        "most_age_days": source.most_age_days,
        "most_studies": source.most_studies,
        "most_objects": source.most_objects,
        "is_enabled": source.is_enabled,
    }


def _source_of(row: RowMapping) -> PriorSource:
    return PriorSource(**{**row, "kind": SourceKind(row["kind"]), "modalities": tuple(row["modalities"])})


def _fetch_of(row: RowMapping) -> Fetch:
    return Fetch(**{**row, "state": FetchState(row["state"])})
