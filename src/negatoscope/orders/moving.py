"""Move orders and steps from state to state: the table decides, and row, history, event and audit go together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.model import Role, Subject, SubjectKind
from negatoscope.audit.trail import record
from negatoscope.orders import planning_store, store
from negatoscope.orders.model import Moment, Order, RequestedProcedure, ScheduledStep
from negatoscope.orders.states import (
    ENDED_STEPS,
    ORDER_TABLE,
    STEP_TABLE,
    UNSTARTED_STEPS,
    Effect,
    Facts,
    OrderEvent,
    OrderState,
    Party,
    Step,
    StepEvent,
    StepState,
    Table,
    advance,
)
from negatoscope.orders.tables import requested_procedures
from negatoscope.platform.errors import InvalidTransition, NotFound, StaleVersion
from negatoscope.platform.events import publish

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

_PARTY_OF_ROLE = {
    Role.SECRETARY: Party.SECRETARY,
    Role.RADIOGRAPHER: Party.RADIOGRAPHER,
    Role.RESIDENT: Party.RADIOLOGIST,
    Role.RADIOLOGIST: Party.RADIOLOGIST,
    Role.LEAD_RADIOLOGIST: Party.RADIOLOGIST,
    Role.REFERRER: Party.REFERRER,
}


def parties_of(subject: Subject, *, device: Party = Party.FEED) -> tuple[Party, ...]:
    """Return as what a subject acts; `device` says what sort of machine a device is."""
    if subject.kind is SubjectKind.SYSTEM:
        return (Party.SYSTEM,)
    if subject.kind is SubjectKind.DEVICE:
        return (device,)
    found = {_PARTY_OF_ROLE[role] for role in subject.roles if role in _PARTY_OF_ROLE}
    if Role.LEAD_RADIOLOGIST in subject.roles:
        found.add(Party.RADIOGRAPHER)
    return tuple(sorted(found))


def move_order(
    tx: Connection,
    subject: Subject,
    order_id: UUID,
    event: OrderEvent,
    *,
    parties: tuple[Party, ...],
    at: datetime,
    reason: str = "",
) -> OrderState:
    """Let something happen to an order, with what comes with it; raise InvalidTransition where the table has no row."""
    order = store.get_order(tx, order_id, lock=True)
    party, step = _choose(ORDER_TABLE, order.state, event, parties, _facts(order, reason))
    if step.target is not order.state or event is OrderEvent.CHANGE:
        store.update_order(tx, order, {"state": step.target.value, "reason": reason or order.reason})
    moment = Moment(
        at=at,
        what="order",
        event=event.value,
        from_state=order.state.value,
        to_state=step.target.value,
        party=party.value,
        actor_name=subject.display_name,
        reason=reason,
    )
    _note(tx, subject, order, moment)
    for effect in step.effects:
        _apply(tx, subject, order, effect, at=at, reason=reason)
    return step.target


def move_step(
    tx: Connection,
    subject: Subject,
    scheduled_step_key: UUID,
    event: StepEvent,
    *,
    parties: tuple[Party, ...],
    at: datetime,
    reason: str = "",
    version: int | None = None,
    inferred: bool = False,
) -> StepState:
    """Let something happen to a scheduled step; the order follows: it starts with its first step and ends with its last."""
    order, _, step = lock_step(tx, scheduled_step_key)
    if version is not None and version != step.version:
        raise StaleVersion("Somebody else changed this step first.")
    reached = _write_step(tx, subject, order, step, event, parties=parties, at=at, reason=reason, inferred=inferred)
    _follow(tx, subject, order.order_id, event, at=at, reason=reason)
    return reached


def lock_step(tx: Connection, scheduled_step_key: UUID) -> tuple[Order, RequestedProcedure, ScheduledStep]:
    """Return a step with its order, which is held until the transaction ends."""
    study_uid = planning_store.get_step(tx, scheduled_step_key).study_uid
    for _, order_id in store.find_procedures(tx, requested_procedures.c.study_uid == study_uid):
        order = store.get_order(tx, order_id, lock=True)
        for procedure in order.procedures:
            for step in procedure.steps:
                if step.scheduled_step_key == scheduled_step_key:
                    return order, procedure, step
    raise NotFound("No such step.", reason="no_such_step")


def all_steps(order: Order) -> tuple[ScheduledStep, ...]:
    """Return the steps of every procedure of an order."""
    return tuple(step for procedure in order.procedures for step in procedure.steps)


def _write_step(
    tx: Connection,
    subject: Subject,
    order: Order,
    step: ScheduledStep,
    event: StepEvent,
    *,
    parties: tuple[Party, ...],
    at: datetime,
    reason: str,
    inferred: bool = False,
) -> StepState:
    party, decided = _choose(STEP_TABLE, step.state, event, parties, Facts(reason=reason))
    values: dict[str, object] = {"state": decided.target.value, "reason": reason}
    if event is StepEvent.START:
        values |= {"started_at": at, "start_inferred": inferred}
    elif event is StepEvent.REDO:
        values |= {"started_at": None, "start_inferred": False}
    elif decided.target in ENDED_STEPS:
        values["ended_at"] = at
    planning_store.update_step(tx, step, values)
    moment = Moment(
        at=at,
        what=f"step {step.scheduled_step_id}",
        event=event.value,
        from_state=step.state.value,
        to_state=decided.target.value,
        party=party.value,
        actor_name=subject.display_name,
        reason=reason,
    )
    _note(tx, subject, order, moment, step=step)
    return decided.target


def _follow(tx: Connection, subject: Subject, order_id: UUID, event: StepEvent, *, at: datetime, reason: str) -> None:
    order = store.get_order(tx, order_id, lock=True)
    if event is StepEvent.START:
        if (order.state, OrderEvent.START) in ORDER_TABLE:
            move_order(tx, subject, order_id, OrderEvent.START, parties=(Party.SYSTEM,), at=at)
        return
    steps = all_steps(order)
    if order.state is OrderState.IN_PROGRESS and all(step.state in ENDED_STEPS for step in steps):
        if any(step.state is StepState.COMPLETED for step in steps):
            move_order(tx, subject, order_id, OrderEvent.COMPLETE, parties=(Party.SYSTEM,), at=at)
        else:
            move_order(tx, subject, order_id, OrderEvent.DISCONTINUE, parties=(Party.MODALITY,), at=at, reason=reason)


def _apply(tx: Connection, subject: Subject, order: Order, effect: Effect, *, at: datetime, reason: str) -> None:
    for step in all_steps(order):
        if step.state in ENDED_STEPS:
            continue
        if effect is Effect.DISCONTINUE_STEPS and step.state is StepState.STARTED:
            _write_step(tx, subject, order, step, StepEvent.DISCONTINUE, parties=(Party.MODALITY,), at=at, reason=reason)
        else:
            _write_step(tx, subject, order, step, StepEvent.CANCEL, parties=(Party.SYSTEM,), at=at, reason=reason)


def _facts(order: Order, reason: str) -> Facts:
    steps = all_steps(order)
    return Facts(
        reason=reason,
        all_steps_ended=bool(steps) and all(step.state in ENDED_STEPS for step in steps),
        all_steps_unstarted=all(step.state in UNSTARTED_STEPS or step.state is StepState.CANCELED for step in steps),
    )


def _choose(table: Table[S, E], state: S, event: E, parties: tuple[Party, ...], facts: Facts) -> tuple[Party, Step[S]]:
    """Read the table as the first of these parties that its row names."""
    row = table.get((state, event))
    if row is None or not parties:
        raise InvalidTransition("This is not possible in the present state.")
    party = next((party for party in parties if party in row.parties), parties[0])
    return party, advance(table, state, event, party, facts)


def _note(tx: Connection, subject: Subject, order: Order, moment: Moment, *, step: ScheduledStep | None = None) -> None:
    """Write what happened where each reader looks: the history, the event log, the trail."""
    store.insert_moment(tx, order.order_id, moment)
    kind = "order" if step is None else "step"
    studies = [step.study_uid] if step is not None else [procedure.study_uid for procedure in order.procedures]
    publish(
        tx,
        f"{kind}_moved",
        subject=str(order.order_id if step is None else step.scheduled_step_key),
        payload={
            "order_id": str(order.order_id),
            "event": moment.event,
            "state": moment.to_state,
            "study_uids": list(studies),
        },
    )
    record(
        tx,
        subject.actor,
        f"{kind}_{moment.event}",
        patient_id=order.patient_id,
        study_uid=next(iter(studies), None),
        objects={"order_id": str(order.order_id), "from": moment.from_state, "to": moment.to_state},
        reason=moment.reason or None,
    )
