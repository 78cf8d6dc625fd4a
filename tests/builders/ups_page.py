"""The reference page of unified procedure steps, its tables written from the code. `python -m tests.builders.ups_page` writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from negatoscope.doors.dicomweb.application import ROUTES
from negatoscope.doors.dicomweb.workitem_answers import NOTICES, REFUSALS, UPDATE_REFUSALS, Refused
from negatoscope.doors.dimse.statuses import REASON_STATUSES, Service
from negatoscope.doors.dimse.workitems import NOTICE_STATUSES
from negatoscope.doors.problems import ANSWERS
from negatoscope.orders.workitems.matching import LONGEST_KEY
from negatoscope.orders.workitems.model import TABLE, Cell, WorkitemEvent, WorkitemState
from negatoscope.orders.workitems.refusals import ERRORS, Notice, Reason
from negatoscope.orders.workitems.requirements import REQUIREMENTS, Requirement
from negatoscope.orders.workitems.searching import MOST_MISSES
from tests.paths import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "ups.md"

HEAD: Final = """# Unified procedure steps

A worklist for machines and people that is not a modality's: a scheduler adds a workitem, a performer takes it, tells how it
goes and ends it, whoever follows it is told. The same service stands behind two wires: DICOM (PS3.4 annex CC; see the
[conformance statement](conformance-dimse.md)) and UPS-RS (PS3.18 chapter 11). What one wire makes the other performs, and
both give the same answer to the same request. The code is `orders/workitems`; `create_workitem(tx, …)` lets any other part
add one in its own transaction. This page is written from the code by `python -m tests.builders.ups_page`; a test compares.

## States

A workitem is claimed with a Transaction UID, which its performer makes up and shows with each change afterwards: the lock.
Only its hash is kept, and it is given out to nobody. `+`: the right one was given, `-`: it was not. A scheduled workitem is
held by nobody, so that any Transaction UID claims it and none is needed to change its attributes.

{states}

*→* leads to the state, through what stands before it. *told*: the state stays, and the performer is told of the request.
*final*: if what the final state requires has a value, else C304. A code is the status; nothing changes then.

## What a workitem must have

PS3.4 Table CC.2.5-3. *Creation*: 1 with a value, 2 may be empty, 3 optional, E absent or empty, C where the case requires it,
S written by us, – not allowed. *Set*: V optional but never emptied. *Final*: R must have a value, P for COMPLETED, X for
CANCELED, A must be there for COMPLETED. *Answer*: returned by a search over HTTP without being asked for; C if it has a value.

{attributes}

Items of code, content, reference and issuer sequences are held to the macros of the same clause. Every other attribute is
kept as it came. Bulk data is not taken.

## Answers

| Word | DICOM | HTTP | Warning header |
| --- | --- | --- | --- |
{answers}

Updating answers otherwise over HTTP: {updates}. A missing attribute is 0120, a missing value 0121, a value that may not be 0106, each
400 over HTTP; who may not is 0124 and 403 (401 where nobody is known); another class than Push 0118.

## UPS-RS

| Method | Resource | Action |
| --- | --- | --- |
{routes}

The workitem of a creation is named by `?workitem=UID`, `?UID`, or its SOP Instance UID in the body; the lock of an update by
`?transaction-uid=UID`, `?UID`, or in the body. Bodies are `application/dicom+json`, one object or an array of one, 1 MiB at
most, read by a strict parser before anything is made of them; XML is answered 415, and 406 where only XML is taken.
A search is paged by `limit` and `offset`; 206 says that there is more. One that looks at more than {misses} workitems in
vain, beyond what UIDs, state, patient, list and start narrow, is answered 413 with a Warning, a C-FIND A700, a filtered
subscription 0213. A matching key other than SOP Instance UIDs has at most {key} characters. `filter=attribute=value,…`, or one
parameter an attribute, narrows a filtered subscription.

**Channel.** Events come on a WebSocket at `/subscribers/{{aetitle}}` (the address in Content-Location of a subscription), one
text frame a report: group 0000 elements 0002, 0110, 1000 and 1002, then the report's own. It is opened with a bearer
token, or with the session cookie by a page of our own. A subscriber belongs to the account that made it. Reports wait for
seven days for a channel to open; what was sent within 30 seconds before it opens is sent again, since nobody acknowledges a
frame. Who loses the right is cut off within five seconds (1008).

## Who may

Actions of [the policy](access-policy.md): `query_workitems`, `create_workitem`, `perform_workitem`, `cancel_workitem`,
`watch_workitems`, and `oversee_workitems` for the page *Workitems*, which shows no patient. A device does what its row
lists. A workitem that names a patient whom we know is closed to a person to whom the patient objects: to read, to change, to
cancel and to follow. Each request leaves an entry in the audit trail.

## Not there

UPS as user of other systems' worklists; C313 and C315, which are for providers that perform or do not report; XML; the
status GOING DOWN.
"""


def ups_page() -> str:
    """Return the page."""
    return HEAD.format(
        misses=MOST_MISSES,
        key=LONGEST_KEY,
        states=_states(),
        attributes=_attributes(),
        answers="\n".join(_answers()),
        updates=", ".join(f"{word.value} {refused.status.value}" for word, refused in _updates()),
        routes="\n".join(
            f"| {route.method} | `{route.path}` | `{route.action.value}` |" for route in ROUTES if "workitem" in route.path
        ),
    )


def _table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines)


def _states() -> str:
    def rows() -> Iterator[list[str]]:
        for event in WorkitemEvent:
            both = [[_cell(TABLE[state, event, lock]) for state in (None, *WorkitemState)] for lock in (True, False)]
            name = f"`{event.value}`"
            if both[0] == both[1]:
                yield [name, *both[0]]
            else:
                yield [f"{name} +", *both[0]]
                yield [f"{name} -", *both[1]]

    return _table(["Request", "none", *(state.value for state in WorkitemState)], rows())


def _cell(cell: Cell) -> str:
    if cell.refusal is not None:
        return _code(cell.refusal)
    if cell.notice is not None:
        return f"{NOTICE_STATUSES[cell.notice].code:04X}"
    through = "".join(f"→ {state.value} " for state in cell.through).strip()
    return f"{through}, final" if cell.needs_final else through or ("told" if cell.asks_performer else "done")


def _code(reason: Reason) -> str:
    return f"{REASON_STATUSES[Service.NORMALIZED, reason.value].code:04X}"


def _attributes() -> str:
    def rows(level: tuple[Requirement, ...], depth: int) -> Iterator[list[str]]:
        for entry in level:
            signs = [sign.replace("-", "–") for sign in (entry.create, entry.set, entry.final, entry.returned)]
            yield [">" * depth + entry.keyword, *signs, entry.macro]
            if not entry.macro:
                yield from rows(entry.items, depth + 1)

    return _table(["Attribute", "Creation", "Set", "Final", "Answer", "Items"], rows(REQUIREMENTS, 0))


def _answers() -> Iterator[str]:
    for reason in Reason:
        refused = REFUSALS.get(reason.value)
        status = refused.status if refused is not None else ANSWERS[ERRORS[reason][0]].status
        warning = refused.warning if refused is not None else None
        yield f"| `{reason.value}` | {_code(reason)} | {status.value} | {warning or ''} |"
    for notice in Notice:
        yield f"| `{notice.value}` | {NOTICE_STATUSES[notice].code:04X} | as success | {NOTICES[notice]} |"


def _updates() -> Iterator[tuple[Reason, Refused]]:
    for reason, refused in UPDATE_REFUSALS.items():
        yield Reason(reason), refused


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(ups_page(), encoding="utf-8")
