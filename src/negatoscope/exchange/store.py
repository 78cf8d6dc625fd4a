"""SQL of messages received and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, RowMapping, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from negatoscope.exchange.model import Delivery, DeliveryId, DeliveryState, Receipt, ReceivedMessage
from negatoscope.exchange.sealing import Sealed
from negatoscope.exchange.tables import deliveries, delivery_receipts, received_messages
from negatoscope.platform.errors import NotFound, StaleVersion

_UNSEALED = [column for column in received_messages.c if column.name not in ("sealed", "wrapped_key", "content_sha256")]


def lock_message(tx: Connection, sender: str, control_id: str) -> None:
    """Hold a message until the transaction ends, so that the same one sent twice at once is worked on once."""
    tx.execute(
        text("select pg_advisory_xact_lock(hashtextextended(current_tenant()::text || :key, 70))"),
        {"key": f"{sender}\x1f{control_id}"},
    )


def find_message(tx: Connection, sender: str, control_id: str, content_sha256: str) -> ReceivedMessage | None:
    """Return the message of this sender, number and content."""
    table = received_messages.c
    query = select(*_UNSEALED).where(
        table.sender == sender, table.control_id == control_id, table.content_sha256 == content_sha256
    )
    row = tx.execute(query).mappings().one_or_none()
    return _message_of(row) if row else None


def save_message(tx: Connection, message: ReceivedMessage, content_sha256: str, sealed: Sealed) -> None:
    """Keep a message with its answer; one that came before is answered anew, and counted."""
    answered = {
        "received_at": message.received_at,
        "code": message.code,
        "condition": message.condition,
        "location": message.location,
        "sentence": message.sentence,
        "answer": message.answer,
        "order_ids": list(message.order_ids),
        "address": message.address,
    }
    statement = upsert(received_messages).values(
        message_id=message.message_id,
        sender=message.sender,
        control_id=message.control_id,
        content_sha256=content_sha256,
        message_type=message.message_type,
        attempts=1,
        size=message.size,
        sealed=sealed.content,
        wrapped_key=sealed.wrapped_key,
        **answered,
    )
    index = ["tenant", "sender", "control_id", "content_sha256"]
    tx.execute(
        statement.on_conflict_do_update(index_elements=index, set_=answered | {"attempts": received_messages.c.attempts + 1})
    )


def count_repetition(tx: Connection, message_id: UUID) -> None:
    """Note that a message came once more and was answered as before."""
    table = received_messages
    tx.execute(update(table).where(table.c.message_id == message_id).values(attempts=table.c.attempts + 1))


def list_messages(
    tx: Connection, *, codes: frozenset[str], after: tuple[datetime, UUID] | None, limit: int
) -> list[ReceivedMessage]:
    """Return messages newest first."""
    table = received_messages.c
    query = select(*_UNSEALED).order_by(table.received_at.desc(), table.message_id.desc()).limit(limit)
    if codes:
        query = query.where(table.code.in_(sorted(codes)))
    if after is not None:
        query = query.where(tuple_(table.received_at, table.message_id) < tuple_(*after))
    return [_message_of(row) for row in tx.execute(query).mappings()]


def get_message(tx: Connection, message_id: UUID) -> tuple[ReceivedMessage, Sealed]:
    """Return one message with its sealed content, or raise NotFound."""
    query = select(received_messages).where(received_messages.c.message_id == message_id)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("No such message.", reason="no_such_message")
    return _message_of(row), Sealed(bytes(row["sealed"]), bytes(row["wrapped_key"]))


def insert_delivery(
    tx: Connection,
    *,
    kind: str,
    destination: str,
    report_version_id: UUID,
    study_uid: str,
    patient_id: UUID,
    order_id: UUID | None,
    at: datetime,
) -> DeliveryId | None:
    """Insert one delivery; None where this version is on its way to this destination already."""
    delivery_id = uuid4()
    inserted = tx.execute(
        upsert(deliveries)
        .values(
            delivery_id=delivery_id,
            kind=kind,
            destination=destination,
            report_version_id=report_version_id,
            study_uid=study_uid,
            patient_id=patient_id,
            order_id=order_id,
            state=DeliveryState.QUEUED.value,
            attempts=0,
            round=1,
            last_reason="",
            created_at=at,
            version=1,
        )
        .on_conflict_do_nothing()
        .returning(deliveries.c.delivery_id)
    )
    return DeliveryId(delivery_id) if inserted.first() is not None else None


def get_delivery(tx: Connection, delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """Return one delivery, or raise NotFound; `lock` holds it until the transaction ends."""
    query = select(deliveries).where(deliveries.c.delivery_id == delivery_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("No such delivery.", reason="no_such_delivery")
    return _delivery_of(row)


def update_delivery(tx: Connection, delivery: Delivery, values: Mapping[str, object]) -> None:
    """Write these columns of a delivery that is still as it was read, or raise StaleVersion."""
    changed = tx.execute(
        update(deliveries)
        .where(deliveries.c.delivery_id == delivery.delivery_id, deliveries.c.version == delivery.version)
        .values(version=delivery.version + 1, **values)
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this delivery first.")


def insert_receipt(tx: Connection, delivery_id: UUID, receipt: Receipt) -> None:
    """Append what came of an attempt."""
    tx.execute(
        insert(delivery_receipts).values(delivery_id=delivery_id, at=receipt.at, outcome=receipt.outcome, detail=receipt.detail)
    )


def list_receipts(tx: Connection, delivery_ids: Sequence[UUID], *, last: int = 5) -> dict[UUID, list[Receipt]]:
    """Return the latest attempts of each delivery, newest first."""
    table = delivery_receipts.c
    rank = func.row_number().over(partition_by=table.delivery_id, order_by=table.sequence.desc()).label("rank")
    ranked = select(delivery_receipts, rank).where(table.delivery_id.in_(list(delivery_ids))).subquery()
    query = select(ranked).where(ranked.c.rank <= last).order_by(ranked.c.delivery_id, ranked.c.rank)
    found: dict[UUID, list[Receipt]] = {delivery_id: [] for delivery_id in delivery_ids}
    for row in tx.execute(query).mappings():
        found[row["delivery_id"]].append(Receipt(at=row["at"], outcome=row["outcome"], detail=row["detail"]))
    return found


def list_deliveries(
    tx: Connection,
    *,
    states: frozenset[DeliveryState] = frozenset(),
    order_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return deliveries newest first."""
    table = deliveries.c
    query = select(deliveries).order_by(table.created_at.desc(), table.delivery_id.desc()).limit(limit)
    if states:
        query = query.where(table.state.in_([state.value for state in states]))
    if order_id is not None:
        query = query.where(table.order_id == order_id)
    if after is not None:
        query = query.where(tuple_(table.created_at, table.delivery_id) < tuple_(*after))
    return [_delivery_of(row) for row in tx.execute(query).mappings()]


def _delivery_of(row: RowMapping) -> Delivery:
    columns = dict(row)
    columns["delivery_id"] = DeliveryId(columns["delivery_id"])
    columns["state"] = DeliveryState(columns["state"])
    return Delivery(**columns)


def _message_of(row: RowMapping) -> ReceivedMessage:
    columns = {name: value for name, value in row.items() if name not in ("sealed", "wrapped_key", "content_sha256")}
    columns["answer"] = bytes(columns["answer"])
    columns["order_ids"] = tuple(columns["order_ids"])
    return ReceivedMessage(**columns)
