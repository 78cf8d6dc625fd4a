"""SQL of orders, requested procedures, history and exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.access.tables import users
from negatoscope.archive.studies import list_studies
from negatoscope.archive.tables import studies
from negatoscope.formats.dicom.uids import StudyUid
from negatoscope.orders.model import (
    Laterality,
    Moment,
    Order,
    OrderId,
    Origin,
    Physician,
    Pregnancy,
    Priority,
    RequestedProcedure,
)
from negatoscope.orders.planning_store import list_steps
from negatoscope.orders.redundancy import Past
from negatoscope.orders.states import OrderState
from negatoscope.orders.tables import (
    matched_studies,
    order_history,
    orders,
    requested_procedures,
    scheduled_steps,
)
from negatoscope.patients.model import PatientId
from negatoscope.patients.names import name_key
from negatoscope.patients.store import bears_identifier, name_starts_with
from negatoscope.patients.tables import patients
from negatoscope.platform.errors import NotFound, StaleVersion


def lock_key(tx: Connection, *parts: str) -> None:
    """Hold a natural key until the transaction ends, so that the same thing sent twice at once is one thing."""
    key = "\x1f".join(parts)
    tx.execute(text("select pg_advisory_xact_lock(hashtextextended(current_tenant()::text || :key, 40))"), {"key": key})


def next_number(tx: Connection) -> int:
    """Return a number that was never given before."""
    return int(tx.execute(text("select nextval('order_numbers')")).scalar_one())


def insert_order(tx: Connection, values: Mapping[str, object]) -> OrderId:
    """Insert one order in its first state."""
    order_id = OrderId(uuid4())
    tx.execute(insert(orders).values(order_id=order_id, state=OrderState.RECEIVED.value, version=1, reason="", **values))
    return order_id


def insert_procedure(tx: Connection, values: Mapping[str, object]) -> None:
    """Insert one requested procedure."""
    tx.execute(insert(requested_procedures).values(**values))


def update_order(tx: Connection, order: Order, values: Mapping[str, object]) -> None:
    """Write these columns of an order that is still as it was read, or raise StaleVersion."""
    changed = tx.execute(
        update(orders)
        .where(orders.c.order_id == order.order_id, orders.c.version == order.version)
        .values(version=order.version + 1, **values)
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this order first.")


def update_procedure(tx: Connection, study_uid: str, values: Mapping[str, object]) -> None:
    """Write these columns of a requested procedure."""
    tx.execute(update(requested_procedures).where(requested_procedures.c.study_uid == study_uid).values(**values))


def find_order_by_placer(tx: Connection, issuer: str, number: str) -> OrderId | None:
    """Return the order to which a placer gave this number."""
    query = select(orders.c.order_id).where(orders.c.placer_issuer == issuer, orders.c.placer_order_number == number)
    found = tx.execute(query).scalar_one_or_none()
    return OrderId(found) if found is not None else None


def find_order_by_filler(tx: Connection, number: str) -> OrderId | None:
    """Return the order to which we gave this number."""
    found = tx.execute(select(orders.c.order_id).where(orders.c.filler_order_number == number)).scalar_one_or_none()
    return OrderId(found) if found is not None else None


def get_order(tx: Connection, order_id: UUID, *, lock: bool = False) -> Order:
    """Return one order with all that hangs below it, or raise NotFound; `lock` holds it until the transaction ends."""
    query = select(orders).where(orders.c.order_id == order_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("No such order.", reason="no_such_order")
    return assemble(tx, [row])[0]


def list_orders(
    tx: Connection, where: Sequence[ColumnElement[bool]], *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Order]:
    """Return orders newest first, those before the key of the last one seen."""
    table = orders.c
    query = select(orders).where(*where).order_by(table.received_at.desc(), table.order_id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(table.received_at, table.order_id) < tuple_(*after))
    return assemble(tx, tx.execute(query).mappings().all())


def matches_text(text: str) -> ColumnElement[bool]:
    """Match an order by a number (accession, placer, filler, patient) or by the beginning of the patient's name."""
    if any(character.isdigit() for character in text):
        numbered = select(requested_procedures.c.order_id).where(requested_procedures.c.accession_number == text)
        borne = select(patients.c.patient_id).where(bears_identifier(text))
        return or_(
            orders.c.placer_order_number == text,
            orders.c.filler_order_number == text,
            orders.c.order_id.in_(numbered),
            orders.c.patient_id.in_(borne),
        )
    return orders.c.patient_id.in_(select(patients.c.patient_id).where(name_starts_with(name_key(text))))


def list_requesters(tx: Connection, *, limit: int = 200) -> list[Physician]:
    """Return the physicians who ordered before, by name; the accounts of professionals come with their number."""
    table = orders.c
    columns = (table.requester_family_name, table.requester_given_names, table.requester_identifier, table.requester_issuer)
    query = select(*columns).where(table.requester_family_name != "").distinct().order_by(*columns).limit(limit)
    return [Physician(family_name=row[0], given_names=row[1], identifier=row[2], issuer=row[3]) for row in tx.execute(query)]


def get_orders(tx: Connection, order_ids: Iterable[UUID]) -> dict[OrderId, Order]:
    """Return these orders, in three queries whatever their number."""
    wanted = list(set(order_ids))
    rows = tx.execute(select(orders).where(orders.c.order_id.in_(wanted))).mappings().all() if wanted else []
    return {order.order_id: order for order in assemble(tx, rows)}


def procedures_of_studies(tx: Connection, study_uids: Iterable[str]) -> dict[str, RequestedProcedure]:
    """Return what was asked for in each of these studies, those found under another UID than planned included.

    A study whose images are filed under another patient than the order's has none, until somebody settles that.
    """
    planned = procedures_planned(tx, study_uids)
    filed = {study.study_uid: study.patient_id for study in list_studies(tx, list(planned))}
    return {uid: entry for uid, entry in planned.items() if filed.get(StudyUid(uid), entry.patient_id) == entry.patient_id}


def procedures_planned(tx: Connection, study_uids: Iterable[str]) -> dict[str, RequestedProcedure]:
    """Return what was planned under each of these study UIDs, whoever the images that came under it show."""
    wanted = sorted(set(study_uids))
    if not wanted:
        return {}
    aliases = select(matched_studies.c.study_uid, matched_studies.c.requested_study_uid)
    rows = tx.execute(aliases.where(matched_studies.c.study_uid.in_(wanted)))
    matched = {str(row.study_uid): str(row.requested_study_uid) for row in rows}
    requested = {study_uid: matched.get(study_uid, study_uid) for study_uid in wanted}
    query = select(requested_procedures.c.order_id).where(requested_procedures.c.study_uid.in_(set(requested.values())))
    by_uid = {
        procedure.study_uid: procedure
        for order in get_orders(tx, tx.execute(query).scalars()).values()
        for procedure in order.procedures
    }
    return {uid: by_uid[StudyUid(planned)] for uid, planned in requested.items() if StudyUid(planned) in by_uid}


def find_procedures(tx: Connection, *conditions: ColumnElement[bool]) -> list[tuple[StudyUid, OrderId]]:
    """Return the study and order of the requested procedures that meet any of these conditions."""
    table = requested_procedures.c
    query = select(table.study_uid, table.order_id).where(or_(*conditions)).order_by(table.study_uid).limit(10)
    return [(StudyUid(row.study_uid), OrderId(row.order_id)) for row in tx.execute(query)]


def studies_before_order(tx: Connection, planned: Iterable[str]) -> list[str]:
    """Return the UIDs under which images of these planned studies may be here already.

    They are the planned ones, and those of studies that bear an accession number of theirs and answer no order.
    """
    wanted = sorted(set(planned))
    accessions = select(requested_procedures.c.accession_number).where(requested_procedures.c.study_uid.in_(wanted))
    query = select(studies.c.study_uid).where(studies.c.accession_number != "", studies.c.accession_number.in_(accessions))
    bearing = [str(uid) for uid in tx.execute(query.order_by(studies.c.study_uid)).scalars()]
    answered = procedures_planned(tx, bearing)
    return list(dict.fromkeys([*wanted, *(uid for uid in bearing if uid not in answered)]))


def insert_match(tx: Connection, study_uid: str, requested: str, *, matched_by: str, at: datetime) -> None:
    """Say that a study which came under its own UID is the one that was asked for."""
    tx.execute(
        insert_or_skip(matched_studies)
        .values(study_uid=study_uid, requested_study_uid=requested, matched_by=matched_by, at=at)
        .on_conflict_do_nothing()
    )


def studies_of_procedure(tx: Connection, requested: str) -> list[StudyUid]:
    """Return every UID under which images of this procedure may have come."""
    query = select(matched_studies.c.study_uid).where(matched_studies.c.requested_study_uid == requested)
    return [StudyUid(requested), *(StudyUid(uid) for uid in tx.execute(query).scalars())]


def insert_moment(tx: Connection, order_id: UUID, moment: Moment) -> None:
    """Append one line to the history of an order."""
    tx.execute(
        insert(order_history).values(
            order_id=order_id,
            at=moment.at,
            what=moment.what,
            event=moment.event,
            from_state=moment.from_state,
            to_state=moment.to_state,
            party=moment.party,
            actor_name=moment.actor_name,
            reason=moment.reason,
        )
    )


def list_moments(tx: Connection, order_id: UUID) -> list[Moment]:
    """Return the history of an order, oldest first."""
    table = order_history.c
    query = select(
        table.at, table.what, table.event, table.from_state, table.to_state, table.party, table.actor_name, table.reason
    )
    rows = tx.execute(query.where(table.order_id == order_id).order_by(table.sequence)).mappings()
    return [Moment(**row) for row in rows]


def list_past(tx: Connection, patient_id: UUID) -> list[Past]:
    """Return what this patient had or waits for, the latest hundred."""
    table = requested_procedures.c
    started = (
        select(func.min(scheduled_steps.c.started_at)).where(scheduled_steps.c.study_uid == table.study_uid).scalar_subquery()
    )
    query = (
        select(table.code, table.laterality, orders.c.state, orders.c.received_at, started.label("done_at"))
        .join(orders, orders.c.order_id == table.order_id)
        .where(orders.c.patient_id == patient_id)
        .order_by(orders.c.received_at.desc())
        .limit(100)
    )
    return [
        Past(
            code=row.code,
            laterality=Laterality(row.laterality) if row.laterality else None,
            state=OrderState(row.state),
            received_at=row.received_at,
            done_at=row.done_at,
        )
        for row in tx.execute(query)
    ]


def find_user_by_professional_identifier(tx: Connection, identifier: str) -> UUID | None:
    """Return the account of a professional, if he has one and only one."""
    query = select(users.c.user_id).where(users.c.professional_identifier == identifier).limit(2)
    found = tx.execute(query).scalars().all()
    return found[0] if len(found) == 1 else None


def assemble(tx: Connection, rows: Sequence[RowMapping]) -> list[Order]:
    """Make orders of their rows, with procedures and steps."""
    found = [_order_of(row) for row in rows]
    below = _procedures_below(tx, found)
    return [replace(order, procedures=tuple(below.get(order.order_id, ()))) for order in found]


def _procedures_below(tx: Connection, found: Sequence[Order]) -> dict[OrderId, list[RequestedProcedure]]:
    by_id = {order.order_id: order for order in found}
    if not by_id:
        return {}
    table = requested_procedures.c
    query = (
        select(requested_procedures).where(table.order_id.in_(by_id)).order_by(table.requested_procedure_id, table.study_uid)
    )
    rows = tx.execute(query).mappings().all()
    steps = list_steps(tx, [row["study_uid"] for row in rows])
    below: dict[OrderId, list[RequestedProcedure]] = {}
    for row in rows:
        order = by_id[OrderId(row["order_id"])]
        below.setdefault(order.order_id, []).append(
            RequestedProcedure(
                study_uid=StudyUid(row["study_uid"]),
                order_id=order.order_id,
                patient_id=order.patient_id,
                accession_number=row["accession_number"],
                accession_issuer=row["accession_issuer"],
                requested_procedure_id=row["requested_procedure_id"],
                code=row["code"],
                code_scheme=row["code_scheme"],
                description_fr=row["description_fr"],
                description_en=row["description_en"],
                modality=row["modality"],
                body_region=row["body_region"],
                laterality=Laterality(row["laterality"]) if row["laterality"] else None,
                priority=order.priority,
                origin=order.origin,
                requesting_physician=order.requesting_physician,
                clinical_question=order.clinical_question,
                order_state=order.state,
                steps=tuple(steps[row["study_uid"]]),
            )
        )
    return below


def _order_of(row: RowMapping) -> Order:
    requester = Physician(
        family_name=row["requester_family_name"],
        given_names=row["requester_given_names"],
        identifier=row["requester_identifier"],
        issuer=row["requester_issuer"],
    )
    return Order(
        order_id=OrderId(row["order_id"]),
        state=OrderState(row["state"]),
        patient_id=PatientId(row["patient_id"]),
        placer_order_number=row["placer_order_number"],
        placer_issuer=row["placer_issuer"],
        filler_order_number=row["filler_order_number"],
        priority=Priority(row["priority"]),
        origin=Origin(row["origin"]),
        requesting_physician=requester if requester.family_name or requester.identifier else None,
        clinical_question=row["clinical_question"],
        clinical_information=row["clinical_information"],
        comments=row["comments"],
        visit_number=row["visit_number"],
        patient_location=row["patient_location"],
        patient_transport=row["patient_transport"],
        patient_weight_kg=row["patient_weight_kg"],
        pregnancy=Pregnancy(row["pregnancy"]),
        requested_at=row["requested_at"],
        received_at=row["received_at"],
        source=row["source"],
        warnings=tuple(row["warnings"]),
        reason=row["reason"],
        version=row["version"],
    )
