"""What was said to other systems and by them: deliveries of reports, and the log of HL7 messages."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from negatoscope.access.model import Action, Subject
from negatoscope.doors.web import order_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.paging import after_of, next_href
from negatoscope.doors.web.templates import page, see_other
from negatoscope.exchange import inbox
from negatoscope.exchange.deliveries import cancel_delivery, list_deliveries, retry_delivery
from negatoscope.exchange.model import DeliveryState
from negatoscope.patients.store import get_patients

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
DELIVERY_TABS: Final = {
    "all": (N_("All"), frozenset[DeliveryState]()),
    "queued": (N_("On their way"), frozenset({DeliveryState.QUEUED})),
    "parked": (N_("Refused by the receiver"), frozenset({DeliveryState.PARKED})),
    "delivered": (N_("Delivered"), frozenset({DeliveryState.DELIVERED})),
}
MESSAGE_TABS: Final = {
    "all": (N_("All"), frozenset[str]()),
    "accepted": (N_("Taken"), frozenset({"AA"})),
    "refused": (N_("Turned down"), frozenset({"AE", "AR"})),
}


@router.get("/deliveries")
def show_deliveries(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.SEND_REPORT))],
    tab: Annotated[str, Query(max_length=16)] = "all",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """List the deliveries of reports, with the patients they are about."""
    return _deliveries_page(request, subject, tab, after, named=True)


@router.get("/messages/sent")
def show_sent(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))],
    tab: Annotated[str, Query(max_length=16)] = "all",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """List the same deliveries for those who look after the messages and not after patients."""
    return _deliveries_page(request, subject, tab, after, named=False)


@router.post("/deliveries/{delivery_id}/retry")
def retry(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.SEND_REPORT))],
    delivery_id: UUID,
    version: Annotated[int, Form()],
) -> Response:
    """Send again at once."""
    retry_delivery(platform_of(request), subject, delivery_id, version=version)
    return see_other(request, "/deliveries", status=gettext("Sent again"))


@router.post("/messages/sent/{delivery_id}/retry")
def retry_as_operator(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))],
    delivery_id: UUID,
    version: Annotated[int, Form()],
) -> Response:
    """Send again at once."""
    retry_delivery(platform_of(request), subject, delivery_id, version=version)
    return see_other(request, "/messages/sent", status=gettext("Sent again"))


@router.post("/messages/sent/{delivery_id}/cancel")
def cancel(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))],
    delivery_id: UUID,
    version: Annotated[int, Form()],
) -> Response:
    """Give a delivery up."""
    cancel_delivery(platform_of(request), subject, delivery_id, version=version)
    return see_other(request, "/messages/sent", status=gettext("Delivery given up"))


@router.get("/messages")
def show_messages(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))],
    tab: Annotated[str, Query(max_length=16)] = "all",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """List the HL7 messages received and how each was answered; never what they say."""
    platform = platform_of(request)
    chosen = tab if tab in MESSAGE_TABS else "all"
    with platform.database.read(platform.tenant) as tx:
        found = inbox.list_messages(tx, subject, codes=MESSAGE_TABS[chosen][1], after=after_of(after), limit=PAGE)
    return page(
        request,
        "orders/messages.html",
        messages=found.messages,
        tabs=[
            {"href": f"/messages?tab={name}", "word": gettext(label), "current": name == chosen}
            for name, (label, _) in MESSAGE_TABS.items()
        ],
        next_href=next_href("/messages", found.next_after, tab=chosen),
    )


@router.post("/messages/{message_id}/replay")
def replay(
    request: Request, subject: Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))], message_id: UUID
) -> Response:
    """Take a refused message up again, as if it had just come."""
    code = inbox.replay_message(platform_of(request), subject, message_id)
    taken = gettext("The message was taken up") if code == "AA" else gettext("The message is refused as before")
    return see_other(request, "/messages", status=taken)


def _deliveries_page(request: Request, subject: Subject, tab: str, after: str, *, named: bool) -> Response:
    platform = platform_of(request)
    chosen = tab if tab in DELIVERY_TABS else "all"
    path = "/deliveries" if named else "/messages/sent"
    with platform.database.read(platform.tenant) as tx:
        found = list_deliveries(tx, subject, states=DELIVERY_TABS[chosen][1], after=after_of(after), limit=PAGE)
        people = get_patients(tx, {delivery.patient_id for delivery in found.deliveries}) if named else {}
    return page(
        request,
        "orders/deliveries.html",
        deliveries=found.deliveries,
        receipts=found.receipts,
        people=people,
        named=named,
        path=path,
        tabs=[
            {"href": f"{path}?tab={name}", "word": gettext(label), "current": name == chosen}
            for name, (label, _) in DELIVERY_TABS.items()
        ],
        next_href=next_href(path, found.next_after, tab=chosen),
        destination=platform.settings.hl7_results_to,
        order_words=order_words,
    )
