"""Change, hold, cancel, discontinue, vet an order after it was taken."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject, SubjectKind
from negatoscope.orders import exception_store, planning_store, store
from negatoscope.orders.catalogue import SCHEME, find_procedure
from negatoscope.orders.model import Order, OrderId, OrderRequest, ScheduledStep, StepRequest
from negatoscope.orders.moving import all_steps, move_order, move_step, parties_of
from negatoscope.orders.rooms import choose_room, list_rooms
from negatoscope.orders.states import ENDED_ORDERS, UNSTARTED_STEPS, OrderEvent, OrderState, Party, StepEvent
from negatoscope.patients.store import find_patient_ids
from negatoscope.platform.errors import Conflict, InvalidTransition, NotFound
from negatoscope.platform.runtime import Platform

NO_REASON_GIVEN = "No reason given"


class Withdrawal(StrEnum):
    """How the wish to cancel an order ended."""

    CANCELLED = "cancelled"
    DISCONTINUED = "discontinued"
    ALREADY_ENDED = "already_ended"
    TOO_LATE = "too_late"


def find_placed_order(tx: Connection, request: OrderRequest) -> Order:
    """Return the order that a message names by placer or filler number, held; its patient must be the same."""
    store.lock_key(tx, "placer", request.placer_issuer, request.placer_order_number)
    found = store.find_order_by_placer(tx, request.placer_issuer, request.placer_order_number)
    if found is None:
        raise NotFound("No order has this number.", reason="unknown_order")
    order = store.get_order(tx, found, lock=True)
    named = set(find_patient_ids(tx, request.identifiers).values())
    if named and order.patient_id not in named:
        raise Conflict("This order number belongs to an order of another patient.", reason="order_of_another_patient")
    return order


def change(tx: Connection, platform: Platform, subject: Subject, order: Order, request: OrderRequest) -> Order:
    """Take what a message changes: priority, texts, requester, time, room. Study and accession number never change."""
    _authorise(tx, subject, Action.SEND_ORDER, Action.CREATE_ORDER, order)
    now = platform.clock.now()
    move_order(tx, subject, order.order_id, OrderEvent.CHANGE, parties=parties_of(subject), at=now)
    order = store.get_order(tx, order.order_id)
    physician = request.requesting_physician or order.requesting_physician
    values: dict[str, object] = {
        "priority": (order if "priority" in request.silent_on else request).priority.value,
        "origin": (order if "origin" in request.silent_on else request).origin.value,
        "clinical_question": request.clinical_question or order.clinical_question,
        "clinical_information": request.clinical_information or order.clinical_information,
        "comments": request.comments or order.comments,
        "patient_location": request.patient_location or order.patient_location,
        "patient_transport": request.patient_transport or order.patient_transport,
        "visit_number": request.visit_number or order.visit_number,
    }
    if physician is not None:
        values |= {
            "requester_family_name": physician.family_name,
            "requester_given_names": physician.given_names,
            "requester_identifier": physician.identifier,
            "requester_issuer": physician.issuer,
        }
    store.update_order(tx, order, values)
    _change_procedure(tx, order, request)
    _change_steps(tx, platform, subject, order, request)
    return store.get_order(tx, order.order_id)


def _change_procedure(tx: Connection, order: Order, request: OrderRequest) -> None:
    if len(order.procedures) != 1:
        return
    procedure = find_procedure(request.procedure_code, request.procedure_scheme)
    meaning = request.procedure_meaning or request.procedure_code
    store.update_procedure(
        tx,
        order.procedures[0].study_uid,
        {
            "code": procedure.code if procedure else request.procedure_code,
            "code_scheme": SCHEME if procedure else request.procedure_scheme,
            "description_fr": procedure.french if procedure else meaning,
            "description_en": procedure.english if procedure else meaning,
            "body_region": procedure.body_region if procedure else "",
            "laterality": request.laterality or order.procedures[0].laterality,
        },
    )


def _change_steps(tx: Connection, platform: Platform, subject: Subject, order: Order, request: OrderRequest) -> None:
    waiting = [step for step in all_steps(order) if step.state in UNSTARTED_STEPS]
    by_id = {step.scheduled_step_id: step for step in waiting}
    for index, asked in enumerate(request.steps):
        step = by_id.get(asked.scheduled_step_id) or (waiting[index] if index < len(waiting) else None)
        if step is not None:
            _replan(tx, platform, subject, step, asked, parties=parties_of(subject))


def move_appointment(
    platform: Platform, subject: Subject, scheduled_step_key: UUID, *, version: int, asked: StepRequest
) -> None:
    """Give a step another time or room."""
    with platform.database.transaction(platform.tenant) as tx:
        step = planning_store.get_step(tx, scheduled_step_key)
        _authorise_step(tx, subject, Action.BOOK_APPOINTMENT, step)
        _replan(tx, platform, subject, step, asked, parties=parties_of(subject), version=version)


def _replan(
    tx: Connection,
    platform: Platform,
    subject: Subject,
    step: ScheduledStep,
    asked: StepRequest,
    *,
    parties: tuple[Party, ...],
    version: int | None = None,
) -> None:
    now = platform.clock.now()
    move_step(tx, subject, step.scheduled_step_key, StepEvent.CHANGE, parties=parties, at=now, version=version)
    step = planning_store.get_step(tx, step.scheduled_step_key)
    values: dict[str, object] = {"starts_at": asked.starts_at or step.starts_at}
    if asked.station_ae_title or asked.location:
        room = choose_room(list_rooms(tx), asked, step.modality)
        values |= {
            "room_code": room.room_code if room else "",
            "station_ae_title": asked.station_ae_title or (room.station_ae_title if room else ""),
            "station_name": asked.station_name or (room.station_name if room else ""),
            "location": room.name if room else asked.location,
        }
    planning_store.update_step(tx, step, values)


def withdraw(tx: Connection, platform: Platform, subject: Subject, order: Order, *, reason: str) -> Withdrawal:
    """Cancel what has not begun, discontinue what has; what is done stays, and an exception is filed for a person."""
    _authorise(tx, subject, Action.SEND_ORDER, Action.CANCEL_ORDER, order, reason=reason)
    now, parties = platform.clock.now(), parties_of(subject)
    if order.state in (OrderState.CANCELLED, OrderState.REJECTED, OrderState.DISCONTINUED):
        return Withdrawal.ALREADY_ENDED
    try:
        move_order(tx, subject, order.order_id, OrderEvent.CANCEL, parties=parties, at=now, reason=reason)
    except InvalidTransition:
        exception_store.insert_exception(
            tx,
            "cancel_after_acquisition",
            key=f"{order.order_id}",
            at=now,
            detail={"state": order.state.value, "by": subject.display_name},
            order_id=order.order_id,
        )
        return Withdrawal.TOO_LATE
    return Withdrawal.CANCELLED


def discontinue(tx: Connection, platform: Platform, subject: Subject, order: Order, *, reason: str) -> Withdrawal:
    """Stop an order that is under way; cancel one that has not begun."""
    if order.state is not OrderState.IN_PROGRESS:
        return withdraw(tx, platform, subject, order, reason=reason)
    _authorise(tx, subject, Action.SEND_ORDER, Action.CLOSE_STEP, order)
    move_order(
        tx,
        subject,
        order.order_id,
        OrderEvent.DISCONTINUE,
        parties=parties_of(subject),
        at=platform.clock.now(),
        reason=reason or NO_REASON_GIVEN,
    )
    return Withdrawal.DISCONTINUED


def cancel_order(platform: Platform, subject: Subject, order_id: UUID, *, reason: str) -> Withdrawal:
    """Cancel an order from the desk. One that is under way or done is not touched, and InvalidTransition is raised."""
    with platform.database.transaction(platform.tenant) as tx:
        order = store.get_order(tx, order_id, lock=True)
        if order.state is OrderState.IN_PROGRESS or order.state in ENDED_ORDERS:
            _authorise(tx, subject, Action.SEND_ORDER, Action.CANCEL_ORDER, order, reason=reason)
            raise InvalidTransition("An order that is under way or ended cannot be cancelled.")
        return withdraw(tx, platform, subject, order, reason=reason)


def hold(tx: Connection, platform: Platform, subject: Subject, order: Order, *, released: bool, reason: str = "") -> None:
    """Hold an order back from the worklist, or let it go on and book it again."""
    _authorise(tx, subject, Action.SEND_ORDER, Action.CREATE_ORDER, order)
    now, parties = platform.clock.now(), parties_of(subject)
    event = OrderEvent.RELEASE if released else OrderEvent.HOLD
    move_order(tx, subject, order.order_id, event, parties=parties, at=now, reason=reason)
    if released:
        move_order(tx, subject, order.order_id, OrderEvent.BOOK, parties=(Party.SYSTEM,), at=now)


def vet_order(platform: Platform, subject: Subject, order_id: UUID, *, accepted: bool, reason: str = "") -> OrderState:
    """Accept (and book) or refuse an order that waits for a radiologist's decision."""
    with platform.database.transaction(platform.tenant) as tx:
        order = store.get_order(tx, order_id, lock=True)
        authorise(tx, subject, Action.VET_ORDER, patient_id=order.patient_id, reason=reason or None)
        now, parties = platform.clock.now(), parties_of(subject)
        event = OrderEvent.ACCEPT if accepted else OrderEvent.REFUSE
        state = move_order(tx, subject, order_id, event, parties=parties, at=now, reason=reason)
        if accepted:
            state = move_order(tx, subject, order_id, OrderEvent.BOOK, parties=(Party.SYSTEM,), at=now)
        return state


def step_moved_by(
    platform: Platform, subject: Subject, scheduled_step_key: UUID, event: StepEvent, *, version: int, reason: str = ""
) -> OrderId:
    """Let a person in the department move a step: check in, make ready, start, complete, discontinue or do again."""
    action = Action.CHECK_IN if event is StepEvent.CHECK_IN else Action.CLOSE_STEP
    with platform.database.transaction(platform.tenant) as tx:
        step = planning_store.get_step(tx, scheduled_step_key)
        order_id = _authorise_step(tx, subject, action, step)
        move_step(
            tx, subject, scheduled_step_key, event,
            parties=parties_of(subject), at=platform.clock.now(), reason=reason, version=version,
        )  # fmt: skip
        return order_id


def _authorise_step(tx: Connection, subject: Subject, action: Action, step: ScheduledStep) -> OrderId:
    procedure = store.procedures_planned(tx, [step.study_uid])[step.study_uid]
    authorise(tx, subject, action, patient_id=procedure.patient_id, study_uid=procedure.study_uid)
    return procedure.order_id


def _authorise(
    tx: Connection, subject: Subject, by_machine: Action, by_person: Action, order: Order, *, reason: str | None = None
) -> None:
    action = by_person if subject.kind is SubjectKind.USER else by_machine
    authorise(tx, subject, action, patient_id=order.patient_id, reason=reason or None)
