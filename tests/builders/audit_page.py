"""The reference page of the audit trail, written from the code. `python -m tests.builders.audit_page` writes it anew."""

from __future__ import annotations

import inspect
from typing import Final

from negatoscope.audit import chain
from negatoscope.audit.model import FaultKind
from negatoscope.audit.vocabulary import EVENTS, OUTCOME_CODES, Code
from tests.paths import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "audit-trail.md"

FAULTS: Final = {
    FaultKind.EDITED: "an entry is not what was sealed, or its time was changed",
    FaultKind.REMOVED: "a link names an entry that is gone",
    FaultKind.INSERTED: "an entry, or a copy of one, stands where everything of its age was sealed before",
    FaultKind.REORDERED: "an entry was sealed under another number",
    FaultKind.LINK_REMOVED: "numbers of the chain are missing, in the middle or at the end",
    FaultKind.LINK_ALTERED: "the hashes of a link do not follow from each other",
    FaultKind.HEAD_ALTERED: "the end of the chain is not its last link, or a head noted elsewhere is not in it",
}

HEAD: Final = """# Audit trail

Every act on a patient's record, every sign-in, every change of rights and every refusal of policy is one entry, written in
the transaction of the act: both happen or neither does. A refusal is written by the door, after the transaction that asked
was rolled back. One entry stands for a study or an association, not for an image.

The application may append and read entries, nothing else: the database grants it neither UPDATE nor DELETE. A sealer
chains what was committed, within a second, in the order of sealing. An entry that commits late is sealed later, never
passed over.

## Written form and hashes

"""

TAIL: Final = """
## Check

`negatoscope verify`, and the page "Audit" of the data protection officer, recompute the whole chain and name each fault:

| fault | what it means |
| --- | --- |
{faults}

Entries that wait for their seal are counted and are no fault. The check prints the head of the chain, `number:hash`. Who
can rewrite the whole database can also recompute every hash after his change: note the head outside the installation, a
later check finds whether it is still in the chain. The head is not yet signed with a key kept elsewhere.

Twenty lines in `tests/contract/audit/test_sealing.py` (`oracle`) recompute the chain with nothing of the product.

## Acts in the words of DICOM PS3.15 A.5

The act is the name of the action of the [access policy](access-policy.md), or a word of the area that writes it. Those
that the standard names:

| act | event | action | event type |
| --- | --- | --- | --- |
{events}

Outcomes: {outcomes} (EventOutcomeIndicator).
"""


def audit_page() -> str:
    """Return the page."""
    return HEAD + _rules() + TAIL.format(faults=_faults(), events=_events(), outcomes=_outcomes())


def _rules() -> str:
    """Return what the module that hashes says of itself, without its first sentence."""
    return (inspect.getdoc(chain) or "").partition("\n\n")[2] + "\n"


def _faults() -> str:
    return "\n".join(f"| `{kind.value}` | {FAULTS[kind]} |" for kind in FaultKind)


def _events() -> str:
    return "\n".join(
        f"| `{act}` | {_code(event.identifier)} | {event.action_code} | {_code(event.type_code)} |"
        for act, event in EVENTS.items()
    )


def _outcomes() -> str:
    return ", ".join(f"{outcome} {code}" for outcome, code in OUTCOME_CODES.items())


def _code(code: Code | None) -> str:
    return f"{code.value} {code.meaning}" if code is not None else ""


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(audit_page(), encoding="utf-8")
