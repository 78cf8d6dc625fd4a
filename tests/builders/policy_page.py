"""The reference page of the access policy, written from the policy. `python -m tests.builders.policy_page` writes it anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from negatoscope.access.actions import DEVICE_ACTIONS, Action
from negatoscope.access.matrix import (
    COLUMNS,
    LISTING,
    MATRIX,
    PEOPLE_ONLY,
    READS,
    SHARED,
    STEP_UP,
    TWO_FACTOR,
)
from negatoscope.access.policy import HIDDEN_STATES, LEAST_REASON, STEP_UP_AGE
from tests.paths import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "access-policy.md"

HEAD: Final = """# Access policy

One function decides at every door: `permit(subject, action, resource, context)` in `access/policy.py`. It says no unless
a rule says yes. Its rules are data, in `access/matrix.py`; this page is written from them, and a test fails when the two
differ. `tests/golden/policy.tsv` holds every decision of every role in ten situations.

In this order:

1. an unknown action, another tenant, an action outside the scope of a token, a device or a share: no;
2. a study in quarantine or rejected: the table of states below;
3. a device does what its row lists, the product itself everything but what only a person does, a share its own study;
4. a person: the matrix below, the roles added up;
5. an action that needs a fresh proof or a second factor: no without it.

Who holds only the roles of referring physician or patient, and who holds a share, is answered "not found" where others
are told "not permitted": a refusal tells nothing of what exists.

## Roles and actions

| sign | meaning |
| --- | --- |
| ● | allowed |
| ○ | on related or own patients: a care relation that has not ended, the patient's own record, a thing of one's own |
| ◐ | with a stated reason of at least {least_reason} characters |
| ◑ | with a stated reason and a second person who may do the same |
| ◇ | without the patient's identity |
| – | never |

{columns}.

"""

TAIL: Final = """
## What needs more

- A password confirmed within the last {step_up} minutes: {step_up_actions}. A bearer token cannot give one.
- A second factor at sign-in: {two_factor}.
- A person, never the product by itself: {people_only}.
- Where the cell says ○, these may be asked about no patient in particular and then show related ones only: {listing}.
- A patient's opposition to a person closes to that person, and a broken glass opens for four hours: {reads}.
  Lists and searches leave such a patient out as well.
- The most a share link opens, to its one study: {shared}.
- What a known device may do, unless its row lists less: {devices}.

## States of a study

| state | what nobody does |
| --- | --- |
{states}

Referring physicians, patients, devices and shares see nothing of a study in these states. A rejected study is seen by
those who may `{view_rejected}`.

## Sessions and tokens

| what | how long | ends earlier |
| --- | --- | --- |
| session of a person | 12 hours, 1 hour without use | sign-out, password, roles or lock changed, ended by the owner |
| half a session, password given, second factor awaited | 5 minutes | |
| session of a share | 4 hours, never beyond the link | link withdrawn, patient objects, study of another patient |
| bearer token | 90 days, 1 year at most | revoked, account locked, password set by an administrator |

Sign-in and password confirmation are slowed down after 5 failures in a row for an account and 50 for an address: 30 seconds,
doubled each time, 15 minutes at most. So is an emergency access that names no patient, by account; each such is in the trail. A share link is locked for good after 5 wrong codes.

## What is not there yet

Passkeys and OpenID Connect; oppositions by class of recipient (national record, research); signing of the end of the audit
chain with a key kept elsewhere: until then note the end that `negatoscope verify` prints.
"""


def policy_page() -> str:
    """Return the page."""
    return (
        HEAD.format(least_reason=LEAST_REASON, columns=_columns())
        + _matrix()
        + TAIL.format(
            step_up=int(STEP_UP_AGE.total_seconds() // 60),
            step_up_actions=_names(STEP_UP),
            two_factor=_names(TWO_FACTOR),
            people_only=_names(PEOPLE_ONLY),
            listing=_names(LISTING),
            reads=_names(READS),
            shared=_names(SHARED),
            devices=_names(DEVICE_ACTIONS),
            states="\n".join(f"| {state} | {_names(actions)} |" for state, actions in HIDDEN_STATES.items()),
            view_rejected=Action.VIEW_REJECTED.value,
        )
    )


def _columns() -> str:
    return ", ".join(f"{short} {role.value.replace('_', ' ')}" for short, role in COLUMNS.items())


def _matrix() -> str:
    lines = [
        "| # | action | " + " | ".join(COLUMNS) + " |",
        "| ---: | --- | " + " | ".join(":---:" for _ in COLUMNS) + " |",
    ]
    for number, (action, row) in enumerate(MATRIX.items(), start=1):
        cells = " | ".join(row[role].value for role in COLUMNS.values())
        lines.append(f"| {number} | `{action.value}` | {cells} |")
    return "\n".join(lines) + "\n"


def _names(actions: Iterable[Action]) -> str:
    order = list(Action)
    return ", ".join(f"`{action.value}`" for action in sorted(actions, key=order.index))


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(policy_page(), encoding="utf-8")
