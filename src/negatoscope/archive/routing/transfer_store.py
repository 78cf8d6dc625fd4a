"""SQL of transfers and of the objects they carry."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, RowMapping, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.archive.routing.model import Tally, Transfer, TransferState
from negatoscope.archive.routing.tables import routing_rules, transferred_objects, transfers
from negatoscope.archive.tables import instances, studies
from negatoscope.platform.errors import NotFound, StaleVersion

DUE, SENT, FAILED = "due", "sent", "failed"


def find_or_insert_transfer(
    tx: Connection, rule_id: UUID, study_uid: str, series_uid: str, *, state: TransferState, at: datetime
) -> tuple[Transfer, bool]:
    """Return the transfer of this rule and study or series, locked, and whether it was made now, in this state."""
    made = tx.execute(
        insert_or_skip(transfers)
        .values(
            transfer_id=uuid4(),
            rule_id=rule_id,
            study_uid=study_uid,
            series_uid=series_uid,
            state=state.value,
            attempts=0,
            round=1,
            last_reason="",
            dismissed_because="",
            notice_sha256="",
            created_at=at,
            version=1,
        )
        .on_conflict_do_nothing()
        .returning(transfers.c.transfer_id)
    ).scalar_one_or_none()
    table = transfers.c
    same = (table.rule_id == rule_id) & (table.study_uid == study_uid) & (table.series_uid == series_uid)
    row = tx.execute(select(transfers).where(same).with_for_update()).mappings().one()
    return _transfer_of(row), made is not None


def get_transfer(tx: Connection, transfer_id: UUID, *, lock: bool = False) -> Transfer:
    """Return one transfer, or raise NotFound; `lock` holds it until the transaction ends."""
    query = select(transfers).where(transfers.c.transfer_id == transfer_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("No such transfer.", reason="no_such_transfer")
    return _transfer_of(row)


def update_transfer(tx: Connection, transfer: Transfer, values: Mapping[str, object]) -> None:
    """Write these columns of a transfer that is still as it was read, or raise StaleVersion."""
    changed = tx.execute(
        update(transfers)
        .where(transfers.c.transfer_id == transfer.transfer_id, transfers.c.version == transfer.version)
        .values(version=transfer.version + 1, **values)
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this transfer first.")


def list_transfers(
    tx: Connection,
    *,
    states: frozenset[TransferState] = frozenset(),
    rule_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Transfer]:
    """Return transfers newest first."""
    table = transfers.c
    query = select(transfers).order_by(table.created_at.desc(), table.transfer_id.desc()).limit(limit)
    if states:
        query = query.where(table.state.in_(sorted(state.value for state in states)))
    if rule_id is not None:
        query = query.where(table.rule_id == rule_id)
    if after is not None:
        query = query.where(tuple_(table.created_at, table.transfer_id) < tuple_(*after))
    return [_transfer_of(row) for row in tx.execute(query).mappings()]


def list_waiting(tx: Connection, *, limit: int) -> list[Transfer]:
    """Return transfers of enabled rules that wait for their hours, oldest first."""
    table = transfers.c
    joined = transfers.join(routing_rules, routing_rules.c.rule_id == table.rule_id)
    query = select(transfers).select_from(joined).where(table.state == TransferState.WAITING.value, routing_rules.c.is_enabled)
    return [_transfer_of(row) for row in tx.execute(query.order_by(table.created_at).limit(limit)).mappings()]


def list_carried(tx: Connection, rule_id: UUID, study_uid: str) -> set[str]:
    """Return the objects of a study that the transfers of a rule carry already."""
    same = transferred_objects.c.transfer_id == transfers.c.transfer_id
    query = select(transferred_objects.c.sop_instance_uid).join(transfers, same)
    return set(tx.execute(query.where(transfers.c.rule_id == rule_id, transfers.c.study_uid == study_uid)).scalars())


def count_parked(tx: Connection) -> int:
    """Count the transfers that wait for a person."""
    query = select(func.count()).select_from(transfers).where(transfers.c.state == TransferState.PARKED.value)
    return tx.execute(query).scalar_one()


def insert_objects(tx: Connection, transfer_id: UUID, sop_instance_uids: Collection[str], at: datetime) -> int:
    """Add objects to a transfer; return how many of them it did not carry yet."""
    if not sop_instance_uids:
        return 0
    rows = [
        {"transfer_id": transfer_id, "sop_instance_uid": uid, "state": DUE, "failure": "", "at": at}
        for uid in sorted(sop_instance_uids)
    ]
    statement = insert_or_skip(transferred_objects).on_conflict_do_nothing().returning(transferred_objects.c.transfer_id)
    return len(tx.execute(statement, rows).all())


def update_object(tx: Connection, transfer_id: UUID, sop_instance_uid: str, state: str, failure: str, at: datetime) -> None:
    """Write down what became of an object."""
    table = transferred_objects
    same = (table.c.transfer_id == transfer_id) & (table.c.sop_instance_uid == sop_instance_uid)
    tx.execute(update(table).where(same).values(state=state, failure=failure, at=at))


def delete_object(tx: Connection, transfer_id: UUID, sop_instance_uid: str) -> None:
    """Take an object out of a transfer; it comes back by itself if it is to go again."""
    table = transferred_objects
    same = (table.c.transfer_id == transfer_id) & (table.c.sop_instance_uid == sop_instance_uid)
    tx.execute(delete(table).where(same))


def update_objects_to_due(tx: Connection, transfer_id: UUID, at: datetime) -> None:
    """Let every object of a transfer go again."""
    table = transferred_objects
    tx.execute(update(table).where(table.c.transfer_id == transfer_id).values(state=DUE, failure="", at=at))


def list_unsent(tx: Connection, transfer_id: UUID) -> list[str]:
    """Return the objects that have still to go."""
    table = transferred_objects.c
    query = select(table.sop_instance_uid).where(table.transfer_id == transfer_id, table.state != SENT)
    return list(tx.execute(query).scalars())


def list_failures(tx: Connection, transfer_id: UUID, *, limit: int = 200) -> list[tuple[str, str]]:
    """Return the objects that could not be brought, each with the reason."""
    table = transferred_objects.c
    query = select(table.sop_instance_uid, table.failure).where(table.transfer_id == transfer_id, table.state == FAILED)
    return [(row[0], row[1]) for row in tx.execute(query.order_by(table.sop_instance_uid).limit(limit))]


def tally_objects(tx: Connection, transfer_ids: Sequence[UUID]) -> dict[UUID, Tally]:
    """Count the objects of each transfer by what became of them."""
    table = transferred_objects.c
    query = (
        select(table.transfer_id, table.state, func.count())
        .where(table.transfer_id.in_(list(transfer_ids)))
        .group_by(table.transfer_id, table.state)
    )
    counts: dict[UUID, dict[str, int]] = {transfer_id: {} for transfer_id in transfer_ids}
    for transfer_id, state, count in tx.execute(query):
        counts[transfer_id][state] = count
    return {transfer_id: Tally(**states) for transfer_id, states in counts.items()}


def list_quiet_series(tx: Connection, quiet_since: datetime) -> list[tuple[str, str, datetime]]:
    """Return (study, series, last arrival) of the series of studies on their way to which nothing came for a while."""
    last = func.max(instances.c.received_at)
    query = (
        select(instances.c.study_uid, instances.c.series_uid, last)
        .join(studies, studies.c.study_uid == instances.c.study_uid)
        .where(studies.c.state == "receiving")
        .group_by(instances.c.study_uid, instances.c.series_uid)
        .having(last <= quiet_since)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def list_newest_studies(tx: Connection, limit: int) -> list[str]:
    """Return the studies of the latest dates."""
    query = select(studies.c.study_uid).order_by(studies.c.study_date.desc().nulls_last(), studies.c.study_uid).limit(limit)
    return list(tx.execute(query).scalars())


def _transfer_of(row: RowMapping) -> Transfer:
    return Transfer(**{name: row[name] for name in Transfer.__slots__ if name != "state"}, state=TransferState(row["state"]))
