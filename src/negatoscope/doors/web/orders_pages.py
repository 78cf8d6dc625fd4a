"""Orders on the screen: the list, the entry at the desk, one order with its plan and its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import Response

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.model import Study
from negatoscope.archive.studies import list_studies
from negatoscope.audit.trail import record
from negatoscope.doors.web import order_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.formatting import local_time
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.order_form import OrderForm, read_order, read_step_time
from negatoscope.doors.web.order_words import explain
from negatoscope.doors.web.paging import after_of, next_href
from negatoscope.doors.web.templates import page, see_other
from negatoscope.exchange.model import Delivery
from negatoscope.exchange.store import list_deliveries
from negatoscope.orders import exception_store, store
from negatoscope.orders.accept import accept_order
from negatoscope.orders.change import cancel_order, move_appointment, step_moved_by, vet_order
from negatoscope.orders.lookup import get_order, list_moments, list_orders
from negatoscope.orders.model import Moment, Order, ScheduledStep, StepRequest
from negatoscope.orders.reconciling import attach_study, list_unordered_studies
from negatoscope.orders.rooms import list_rooms
from negatoscope.orders.states import ORDER_TABLE, OrderEvent, OrderState, StepEvent
from negatoscope.patients.model import Patient
from negatoscope.patients.search import search_patients
from negatoscope.patients.store import get_patient, get_patients
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.reports import is_signed_for

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
Orderer = Annotated[Subject, Depends(requires(Action.CREATE_ORDER))]
Reason = Annotated[str, Form(max_length=500)]

AWAITING_IMAGES: Final = (OrderState.RECEIVED, OrderState.ACCEPTED, OrderState.SCHEDULED, OrderState.IN_PROGRESS)
TABS: Final = {
    "open": (N_("Planned or under way"), frozenset({OrderState.RECEIVED, OrderState.ACCEPTED, OrderState.SCHEDULED, OrderState.ON_HOLD, OrderState.IN_PROGRESS})),
    "waiting": (N_("To decide"), frozenset({OrderState.RECEIVED})),
    "done": (N_("Finished"), frozenset({OrderState.COMPLETED, OrderState.REPORTED})),
    "dropped": (N_("Dropped"), frozenset({OrderState.CANCELLED, OrderState.REJECTED, OrderState.DISCONTINUED})),
    "all": (N_("All orders"), frozenset[OrderState]()),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """What the page of one order shows."""

    order: Order
    patient: Patient
    history: list[Moment]
    exceptions: list[tuple[str, datetime]]
    conflicting: list[Study]
    unordered: list[Study]
    studies: list[Study]
    deliveries: list[Delivery]


@router.get("/orders")
def show_orders(
    request: Request,
    subject: Orderer,
    tab: Annotated[str, Query(max_length=16)] = "open",
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """List the orders, newest first."""
    platform = platform_of(request)
    chosen = tab if tab in TABS else "open"
    with platform.database.read(platform.tenant) as tx:
        found = list_orders(tx, subject, states=TABS[chosen][1], text=q, after=after_of(after), limit=PAGE)
        people = get_patients(tx, {order.patient_id for order in found.orders})
    return page(
        request,
        "orders/list.html",
        orders=[(order, people[order.patient_id]) for order in found.orders],
        tabs=[
            {"href": f"/orders?tab={name}", "word": gettext(label), "current": name == chosen}
            for name, (label, _) in TABS.items()
        ],
        tab=chosen,
        q=q,
        next_href=next_href("/orders", found.next_after, tab=chosen, q=q),
        order_words=order_words,
    )


@router.get("/orders/new")
def ask_for_order(
    request: Request,
    subject: Orderer,
    patient: UUID | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Find for whom the order is, then ask what is wanted."""
    if patient is None:
        return _choose_patient(request, subject, q)
    return _order_page(request, subject, patient, OrderForm.empty(platform_of(request)), {})


@router.post("/orders")
def place_order(request: Request, subject: Orderer, form: Annotated[OrderForm, Form()]) -> Response:
    """Place what was typed; what is missing is said beside its field."""
    platform = platform_of(request)
    try:
        order = accept_order(platform, subject, read_order(form, platform.settings.time_zone))
    except (InvalidInput, Conflict) as error:
        field = "override_reason" if error.reason == "duplicate_order" else error.field or "procedure_code"
        return _order_page(request, subject, form.patient_id, form, {field: explain(error)})
    except Forbidden as error:
        if error.reason != "needs_reason":
            raise
        return _order_page(request, subject, form.patient_id, form, {"override_reason": explain(error)})
    return see_other(request, f"/orders/{order.order_id}", status=gettext("Order placed"))


@router.get("/orders/{order_id}")
def show_order(
    request: Request, subject: Annotated[Subject, Depends(requires(Action.SEARCH_PATIENTS))], order_id: UUID
) -> Response:
    """Show one order: what is wanted, the plan, what happened."""
    return _show(request, subject, order_id, {})


@router.post("/orders/{order_id}/cancel")
def cancel(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.CANCEL_ORDER))],
    order_id: UUID,
    reason: Reason = "",
) -> Response:
    """Cancel an order that has not begun."""
    if not reason.strip():
        return _show(request, subject, order_id, {"reason": gettext("Give a reason.")})
    try:
        cancel_order(platform_of(request), subject, order_id, reason=reason)
    except Forbidden as error:
        if error.reason != "needs_reason":
            raise
        return _show(request, subject, order_id, {"reason": explain(error)})
    return see_other(request, f"/orders/{order_id}", status=gettext("Order cancelled"))


@router.post("/orders/{order_id}/vet")
def vet(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.VET_ORDER))],
    order_id: UUID,
    decision: Annotated[str, Form(pattern="^(accept|refuse)$")],
    reason: Reason = "",
) -> Response:
    """Accept or refuse an order that waits for a decision."""
    try:
        vet_order(platform_of(request), subject, order_id, accepted=decision == "accept", reason=reason)
    except InvalidInput as error:
        return _show(request, subject, order_id, {"reason": explain(error)})
    except Forbidden as error:
        if error.reason != "needs_reason":
            raise
        return _show(request, subject, order_id, {"reason": explain(error)})
    word = gettext("Order accepted") if decision == "accept" else gettext("Order refused")
    return see_other(request, f"/orders/{order_id}", status=word)


@router.post("/orders/{order_id}/steps/{step_key}/appointment")
def move(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.BOOK_APPOINTMENT))],
    order_id: UUID,
    step_key: UUID,
    version: Annotated[int, Form()],
    day: Annotated[str, Form(max_length=10)] = "",
    time: Annotated[str, Form(max_length=8)] = "",
    room: Annotated[str, Form(max_length=16)] = "",
) -> Response:
    """Give a step another time or room."""
    platform = platform_of(request)
    try:
        starts_at = read_step_time(day, time, platform.settings.time_zone)
    except InvalidInput as error:
        return _show(request, subject, order_id, {"day": explain(error)})
    asked = StepRequest(starts_at=starts_at, location=room)
    move_appointment(platform, subject, step_key, version=version, asked=asked)
    return see_other(request, f"/orders/{order_id}", status=gettext("Appointment moved"))


@router.post("/orders/{order_id}/steps/{step_key}/arrive")
def arrive(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.CHECK_IN))],
    order_id: UUID,
    step_key: UUID,
    version: Annotated[int, Form()],
) -> Response:
    """Say that the patient is here."""
    step_moved_by(platform_of(request), subject, step_key, StepEvent.CHECK_IN, version=version)
    return see_other(request, f"/orders/{order_id}", status=gettext("Patient checked in"))


@router.post("/orders/{order_id}/studies/{study_uid}/attach")
def attach(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.RECONCILE_STUDY))],
    order_id: UUID,
    study_uid: Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")],
    reason: Reason = "",
) -> Response:
    """Decide that images which came under another patient are those of this order."""
    try:
        attach_study(platform_of(request), subject, order_id, study_uid, reason=reason, is_signed_for=is_signed_for)
    except (InvalidInput, Forbidden, Conflict) as error:
        if error.reason not in ("reason_missing", "needs_reason", "report_signed", "legal_hold"):
            raise
        return _show(request, subject, order_id, {"reason": explain(error)})
    return see_other(request, f"/orders/{order_id}", status=gettext("Images attached"))


def _choose_patient(request: Request, subject: Subject, q: str) -> Response:
    platform = platform_of(request)
    errors: dict[str, str] = {}
    found: tuple[Patient, ...] = ()
    if q.strip():
        try:
            with platform.database.read(platform.tenant) as tx:
                found = search_patients(tx, subject, q, limit=20).patients
        except InvalidInput as error:
            errors["q"] = explain(error)
    return page(
        request,
        "orders/choose_patient.html",
        q=q,
        patients=found,
        errors=errors,
        may_create=may_ever(subject, Action.CREATE_PATIENT),
    )


def _order_page(request: Request, subject: Subject, patient_id: UUID, form: OrderForm, errors: dict[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.CREATE_ORDER, patient_id=patient_id, reason=form.override_reason or "placing an order")
        patient = get_patient(tx, patient_id)
        rooms = list_rooms(tx)
        requesters = store.list_requesters(tx)
    return page(
        request,
        "orders/new.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        patient=patient,
        form=form,
        errors=errors,
        rooms=[(room.room_code, room.name) for room in rooms],
        requesters=[(f"{one.family_name}|{one.given_names}|{one.identifier}|{one.issuer}", one) for one in requesters],
        order_words=order_words,
    )


def _show(request: Request, subject: Subject, order_id: UUID, errors: dict[str, str]) -> Response:
    platform = platform_of(request)
    view = _open(platform, subject, order_id)
    with platform.database.read(platform.tenant) as tx:
        rooms = [(room.room_code, room.name) for room in list_rooms(tx)]
    state = view.order.state
    return page(
        request,
        "orders/order.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        view=view,
        errors=errors,
        rooms=rooms,
        may_cancel=may_ever(subject, Action.CANCEL_ORDER) and (state, OrderEvent.CANCEL) in ORDER_TABLE,
        may_vet=may_ever(subject, Action.VET_ORDER) and state is OrderState.RECEIVED,
        may_reconcile=may_ever(subject, Action.RECONCILE_STUDY),
        may_book=may_ever(subject, Action.BOOK_APPOINTMENT),
        may_check_in=may_ever(subject, Action.CHECK_IN),
        appointment_of=_appointment_of,
        order_words=order_words,
    )


def _appointment_of(step: ScheduledStep) -> tuple[str, str]:
    """Return day and time of a step as the fields of a browser take them."""
    local = local_time(step.starts_at)
    return f"{local:%Y-%m-%d}", f"{local:%H:%M}"


def _open(platform: Platform, subject: Subject, order_id: UUID) -> OrderView:
    """Read an order for somebody; written down."""
    with platform.database.transaction(platform.tenant) as tx:
        order = get_order(tx, order_id)
        authorise(tx, subject, Action.SEARCH_PATIENTS, patient_id=order.patient_id)
        view = OrderView(
            order=order,
            patient=get_patient(tx, order.patient_id),
            history=list_moments(tx, order.order_id),
            exceptions=exception_store.list_open_exceptions(tx, order_id),
            conflicting=list_studies(tx, exception_store.list_conflicting_studies(tx, order_id)),
            unordered=list_unordered_studies(tx, order.patient_id) if order.state in AWAITING_IMAGES else [],
            studies=[
                study
                for study in list_studies(
                    tx, [uid for entry in order.procedures for uid in store.studies_of_procedure(tx, entry.study_uid)]
                )
                if study.patient_id == order.patient_id
            ],
            deliveries=list_deliveries(tx, order_id=order_id),
        )
        record(tx, subject.actor, "view_order", patient_id=order.patient_id, objects={"order_id": str(order_id)})
    return view
