"""Transfers on the screen: what is on its way by routing, what a person has to decide, what arrived."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive.routing import transfers
from negatoscope.archive.routing.model import TransferState
from negatoscope.archive.routing.sending import destination_name
from negatoscope.archive.study_store import list_studies
from negatoscope.doors.web import routing_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.paging import after_of, next_href
from negatoscope.doors.web.templates import page, see_other

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
TABS: Final = {
    "parked": (N_("To decide"), frozenset({TransferState.PARKED})),
    "open": (N_("On their way"), frozenset({TransferState.QUEUED, TransferState.WAITING})),
    "sent": (N_("Have arrived"), frozenset({TransferState.SENT})),
    "dismissed": (N_("Abandoned"), frozenset({TransferState.DISMISSED})),
}

Operator = Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))]


@router.get("/transfers")
def show_transfers(
    request: Request,
    subject: Operator,
    tab: Annotated[str, Query(max_length=16)] = "",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """List the transfers; those that wait for a person first, when there are any."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        parked = transfers.count_parked(tx)
        chosen = tab if tab in TABS else "parked" if parked else "open"
        found = transfers.list_transfers(tx, subject, states=TABS[chosen][1], after=after_of(after), limit=PAGE)
        details = {one.transfer_id: transfers.get_transfer(tx, subject, one.transfer_id) for one in found.transfers}
        studies = {one.study_uid: one for one in list_studies(tx, [one.study_uid for one in found.transfers])}
        names = {rule.rule_id: destination_name(tx, rule.content.destination) for rule in found.rules.values()}
    return page(
        request,
        "routing/transfers.html",
        transfers=found.transfers,
        details=details,
        studies=studies,
        names=names,
        words=routing_words,
        tabs=[
            {
                "href": f"/transfers?tab={name}",
                "word": gettext(label),
                "current": name == chosen,
                "count": parked if name == "parked" else None,
            }
            for name, (label, _) in TABS.items()
        ],
        next_href=next_href("/transfers", found.next_after, tab=chosen),
    )


@router.post("/transfers/{transfer_id}/retry")
def retry(request: Request, subject: Operator, transfer_id: UUID, version: Annotated[int, Form()]) -> Response:
    """Try again at once, or send everything once more."""
    transfers.retry_transfer(platform_of(request), subject, transfer_id, version=version)
    return see_other(request, "/transfers", status=gettext("Sent again"))


@router.post("/transfers/{transfer_id}/dismiss")
def dismiss(
    request: Request,
    subject: Operator,
    transfer_id: UUID,
    version: Annotated[int, Form()],
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Give a transfer up, with the reason."""
    transfers.dismiss_transfer(platform_of(request), subject, transfer_id, version=version, reason=reason)
    return see_other(request, "/transfers", status=gettext("Sending given up"))
