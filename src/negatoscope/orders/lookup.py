"""Read orders: one, a list, the procedure of a study, the history, the day of a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Action, Subject
from negatoscope.orders import store
from negatoscope.orders.model import Moment, Order, OrderId, RequestedProcedure
from negatoscope.orders.states import OrderState
from negatoscope.orders.store import get_order
from negatoscope.orders.tables import orders

__all__ = [
    "OrderPage",
    "get_order",
    "list_moments",
    "list_orders",
    "procedure_for_study",
    "procedures_for_studies",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One page of orders, newest first, and the key to ask for the next one with (None at the end)."""

    orders: tuple[Order, ...]
    next_after: tuple[datetime, UUID] | None


def list_orders(
    tx: Connection,
    subject: Subject,
    *,
    patient_id: UUID | None = None,
    states: frozenset[OrderState] = frozenset(),
    text: str = "",
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> OrderPage:
    """Return the orders of the patients whom the subject may see, newest first.

    `text` is a number of the order, of its procedure or patient, or the first letters of the patient's name.
    """
    authorise(tx, subject, Action.SEARCH_PATIENTS, patient_id=patient_id)
    where = [visible_patients(subject, orders.c.patient_id)]
    if patient_id is not None:
        where.append(orders.c.patient_id == patient_id)
    if states:
        where.append(orders.c.state.in_([state.value for state in states]))
    if text.strip():
        where.append(store.matches_text(text.strip()))
    found = store.list_orders(tx, where, after=after, limit=limit + 1)
    page = tuple(found[:limit])
    more = len(found) > limit
    return OrderPage(orders=page, next_after=(page[-1].received_at, page[-1].order_id) if more else None)


def procedure_for_study(tx: Connection, study_uid: str) -> RequestedProcedure | None:
    """Return what was asked for in this study; None for a study that nobody ordered."""
    return store.procedures_of_studies(tx, [study_uid]).get(study_uid)


def procedures_for_studies(tx: Connection, study_uids: list[str]) -> dict[str, RequestedProcedure]:
    """Return what was asked for in each of these studies, in a few queries whatever their number."""
    return store.procedures_of_studies(tx, study_uids)


def list_moments(tx: Connection, order_id: OrderId) -> list[Moment]:
    """Return the history of an order, oldest first."""
    return store.list_moments(tx, order_id)
