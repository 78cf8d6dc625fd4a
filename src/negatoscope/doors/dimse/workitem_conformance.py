"""What the conformance statement says of unified procedure steps, its tables made from the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from negatoscope.doors.dimse.sop_classes import SERVED, WORKITEM_EVENT
from negatoscope.doors.dimse.workitem_actions import ACTIONS, ActionType
from negatoscope.orders.workitems.completing import DEFAULT_WORKLIST, UNSPECIFIED_REASON
from negatoscope.orders.workitems.model import ReportType
from negatoscope.orders.workitems.retention import GIVEN_OUT_FOR, WAITS_FOR
from negatoscope.orders.workitems.subscriptions import MOST_LOCKS

ACTION_WORDS: Final[Mapping[ActionType, str]] = MappingProxyType({
    ActionType.CHANGE_STATE: "Change UPS State",
    ActionType.REQUEST_CANCEL: "Request UPS Cancel",
    ActionType.SUBSCRIBE: "Subscribe to Receive UPS Event Reports",
    ActionType.UNSUBSCRIBE: "Unsubscribe from Receiving UPS Event Reports",
    ActionType.SUSPEND: "Suspend Global Subscription",
})  # fmt: skip
REPORT_WORDS: Final[Mapping[ReportType, str]] = MappingProxyType({
    ReportType.STATE: "UPS State Report",
    ReportType.CANCEL_REQUESTED: "UPS Cancel Requested",
    ReportType.PROGRESS: "UPS Progress Report",
    ReportType.PROVIDER_STATUS: "SCP Status Change",
    ReportType.ASSIGNED: "UPS Assigned",
})  # fmt: skip
WORDS: Final = """#### Unified procedure steps

Provider of UPS Push, Watch, Pull and Query, on the associations of others; of UPS Event (`{event}`), on associations that we
open, as provider by role selection. States, attributes and the same service by HTTP: [unified procedure steps](ups.md).

{actions}

{reports}

- **Creation.** Attributes of type 2 must be there; the Transaction UID, the progress and the performed procedure may be absent
  instead of empty. Written by us: SOP class and instance, the moment of modification, and the worklist label `{label}` where
  none was given, which is answered B300.
- **Cancellation.** The moment of cancellation and the reason {code} ({meaning}) are written by us where the performer gave
  none. A request to cancel a scheduled step cancels it; one in progress is asked of its performer, or answered C312 when
  nobody follows it. We perform no steps ourselves, so that C313 is never answered.
- **Subscriptions** survive restarts. Receiving AE: a registered device with a host and a port, else C308. Refused where the
  device lacks the service (0124). A deletion lock is granted up to {locks} steps for each subscriber, then B301; an
  administrator may end a subscriber with its locks. Filtered global subscriptions are supported; one entity has one
  global subscription, filtered or not, and the next replaces it. The creator is not subscribed by itself.
- **Reports** are sent in order for each step, at least once, and tried again while the device does not listen, for {days}
  days at most. A report that is answered with a failure counts as told. After a restart SCP Status RESTARTED with both
  lists WARM START goes to all subscribers and, as the fallback list, to every device with the service of following.
- **Retention.** A step that ended is given out for {kept} days, and as long as a deletion lock holds it; then it is answered
  C307. Its row is never deleted.
- **Search.** All attributes are matched and returned, but the Transaction UID; sequences by the keys of one item; priorities
  are not processed. An identifier without any key matches nothing.
"""


def workitem_section() -> str:
    """Return the section in Markdown."""
    return WORDS.format(
        event=WORKITEM_EVENT,
        actions=_table(("Class", "Action Type ID", "Action"), _actions()),
        reports=_table(("Event Type ID", "Event"), [(str(int(kind)), word) for kind, word in REPORT_WORDS.items()]),
        label=DEFAULT_WORKLIST,
        code=f"({UNSPECIFIED_REASON[0]}, {UNSPECIFIED_REASON[1]})",
        meaning=UNSPECIFIED_REASON[2],
        locks=f"{MOST_LOCKS:,}",
        days=WAITS_FOR.days,
        kept=GIVEN_OUT_FOR.days,
    )


def _actions() -> list[tuple[str, str, str]]:
    return [
        (served.name, str(int(action)), ACTION_WORDS[action])
        for served in SERVED.values()
        for action in sorted(ACTIONS.get(served.family, ()))
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])
