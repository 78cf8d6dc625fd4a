"""States in words: each state of each machine as an icon, a word and a tone. A state is never told by colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from negatoscope.access.model import Role
from negatoscope.ai.model import FindingState, RunState
from negatoscope.archive.corrections.model import MoveState
from negatoscope.archive.discs.model import DiscState
from negatoscope.archive.imports.model import ImportState
from negatoscope.archive.model import StudyState
from negatoscope.archive.prefetch.model import FetchState
from negatoscope.archive.retention.model import ErasureState
from negatoscope.archive.routing.model import TransferState
from negatoscope.doors.web.language import N_, P_, gettext, pgettext
from negatoscope.exchange.model import DeliveryState
from negatoscope.orders.model import Priority
from negatoscope.orders.states import OrderState, StepState
from negatoscope.patients.model import IdentityStatus
from negatoscope.reading.model import TaskState
from negatoscope.reporting.model import ReportState, VersionStatus
from negatoscope.sharing.model import ShareState


@dataclass(frozen=True, slots=True)
class StateSign:
    """How one state is shown. Tones: neutral, info, active, success, warning, danger."""

    word: str
    icon: str
    tone: str


STATES: Final[Mapping[str, Mapping[str, StateSign]]] = MappingProxyType({
    "order": {
        OrderState.RECEIVED: StateSign(P_("order", "Received"), "inbox", "neutral"),
        OrderState.ACCEPTED: StateSign(P_("order", "Accepted"), "check", "info"),
        OrderState.SCHEDULED: StateSign(P_("order", "Scheduled"), "calendar", "info"),
        OrderState.IN_PROGRESS: StateSign(P_("order", "In progress"), "progress", "active"),
        OrderState.COMPLETED: StateSign(P_("order", "Completed"), "check", "success"),
        OrderState.REPORTED: StateSign(P_("order", "Reported"), "report", "success"),
        OrderState.REJECTED: StateSign(P_("order", "Refused"), "stop", "danger"),
        OrderState.CANCELLED: StateSign(P_("order", "Cancelled"), "cross", "neutral"),
        OrderState.DISCONTINUED: StateSign(P_("order", "Discontinued"), "stop", "warning"),
        OrderState.ON_HOLD: StateSign(P_("order", "On hold"), "pause", "warning"),
    },
    "move": {
        MoveState.PROPOSED: StateSign(P_("move", "Waits for a second person"), "people", "info"),
        MoveState.APPLIED: StateSign(P_("move", "Moved"), "check", "success"),
        MoveState.REFUSED: StateSign(P_("move", "Refused"), "stop", "neutral"),
        MoveState.UNDONE: StateSign(P_("move", "Put back"), "swap", "neutral"),
    },
    "erasure": {
        ErasureState.PROPOSED: StateSign(P_("erasure", "Time is over"), "clock", "neutral"),
        ErasureState.APPROVED_FIRST: StateSign(P_("erasure", "Waits for a second person"), "people", "info"),
        ErasureState.APPROVED: StateSign(P_("erasure", "Approved by two"), "check", "warning"),
        ErasureState.ERASING: StateSign(P_("erasure", "Is being erased"), "progress", "active"),
        ErasureState.ERASED: StateSign(P_("erasure", "Erased"), "archive", "neutral"),
        ErasureState.REFUSED: StateSign(P_("erasure", "Kept"), "lock", "success"),
    },
    "step": {
        StepState.SCHEDULED: StateSign(P_("step", "Scheduled"), "calendar", "info"),
        StepState.ARRIVED: StateSign(P_("step", "Arrived"), "person", "info"),
        StepState.READY: StateSign(P_("step", "Ready"), "check", "info"),
        StepState.STARTED: StateSign(P_("step", "Started"), "progress", "active"),
        StepState.COMPLETED: StateSign(P_("step", "Completed"), "check", "success"),
        StepState.CANCELED: StateSign(P_("step", "Cancelled"), "cross", "neutral"),
        StepState.DISCONTINUED: StateSign(P_("step", "Discontinued"), "stop", "warning"),
    },
    "study": {
        StudyState.RECEIVING: StateSign(P_("study", "Receiving"), "progress", "active"),
        StudyState.STABLE: StateSign(P_("study", "Complete"), "check", "success"),
    },
    "task": {
        TaskState.UNASSIGNED: StateSign(P_("task", "To read"), "inbox", "info"),
        TaskState.CLAIMED: StateSign(P_("task", "Being read"), "person", "active"),
        TaskState.DRAFT: StateSign(P_("task", "Draft"), "pen", "active"),
        TaskState.PRELIMINARY: StateSign(P_("task", "Preliminary"), "report", "warning"),
        TaskState.FINAL: StateSign(P_("task", "Final"), "check", "success"),
        TaskState.ADDENDUM_DRAFT: StateSign(P_("task", "Addendum being written"), "pen", "active"),
        TaskState.ADDENDED: StateSign(P_("task", "Addended"), "report", "success"),
        TaskState.ON_HOLD: StateSign(P_("task", "On hold"), "pause", "warning"),
    },
    "report": {
        ReportState.DRAFT: StateSign(P_("report", "Draft"), "pen", "active"),
        ReportState.PRELIMINARY: StateSign(P_("report", "Preliminary"), "report", "warning"),
        ReportState.FINAL: StateSign(P_("report", "Final"), "check", "success"),
        ReportState.ADDENDUM_DRAFT: StateSign(P_("report", "Addendum being written"), "pen", "active"),
        ReportState.ADDENDED: StateSign(P_("report", "Addended"), "report", "success"),
    },
    "report_version": {
        VersionStatus.PRELIMINARY: StateSign(P_("report_version", "Preliminary"), "report", "warning"),
        VersionStatus.FINAL: StateSign(P_("report_version", "Final"), "check", "success"),
        VersionStatus.ADDENDUM: StateSign(P_("report_version", "Addendum"), "plus", "success"),
    },
    "run": {
        RunState.REQUESTED: StateSign(P_("run", "Requested"), "inbox", "neutral"),
        RunState.QUEUED: StateSign(P_("run", "Waiting"), "pause", "neutral"),
        RunState.RUNNING: StateSign(P_("run", "Running"), "progress", "active"),
        RunState.SUCCEEDED: StateSign(P_("run", "Done"), "check", "success"),
        RunState.FAILED: StateSign(P_("run", "Failed"), "stop", "danger"),
        RunState.REFUSED: StateSign(P_("run", "Image not suitable"), "cross", "warning"),
        RunState.NO_MODEL: StateSign(P_("run", "No model installed"), "cross", "neutral"),
        RunState.SUPERSEDED: StateSign(P_("run", "Superseded"), "swap", "neutral"),
        RunState.WITHDRAWN: StateSign(P_("run", "Withdrawn"), "stop", "warning"),
    },
    "finding": {
        FindingState.PENDING_DISPLAY: StateSign(P_("finding", "Not seen yet"), "inbox", "neutral"),
        FindingState.DISPLAYED: StateSign(P_("finding", "Seen"), "eye", "info"),
        FindingState.ACCEPTED: StateSign(P_("finding", "Kept by the reader"), "check", "success"),
        FindingState.REJECTED: StateSign(P_("finding", "Set aside by the reader"), "cross", "neutral"),
        FindingState.IGNORED: StateSign(P_("finding", "Left without comment"), "pause", "neutral"),
        FindingState.WITHDRAWN: StateSign(P_("finding", "Withdrawn"), "stop", "warning"),
    },
    "identity": {
        IdentityStatus.PROVISIONAL: StateSign(P_("identity", "Provisional identity"), "clock", "warning"),
        IdentityStatus.VALIDATED: StateSign(P_("identity", "Validated identity"), "check", "info"),
        IdentityStatus.RETRIEVED: StateSign(P_("identity", "Retrieved identity"), "download", "info"),
        IdentityStatus.QUALIFIED: StateSign(P_("identity", "Qualified identity"), "check", "success"),
    },
    "delivery": {
        DeliveryState.QUEUED: StateSign(P_("delivery", "On its way"), "progress", "active"),
        DeliveryState.DELIVERED: StateSign(P_("delivery", "Delivered"), "check", "success"),
        DeliveryState.PARKED: StateSign(P_("delivery", "Refused by the receiver"), "stop", "danger"),
        DeliveryState.CANCELLED: StateSign(P_("delivery", "Given up"), "cross", "neutral"),
    },
    "transfer": {
        TransferState.WAITING: StateSign(P_("transfer", "Waits for its hours"), "clock", "neutral"),
        TransferState.QUEUED: StateSign(P_("transfer", "On its way"), "progress", "active"),
        TransferState.SENT: StateSign(P_("transfer", "Arrived"), "check", "success"),
        TransferState.PARKED: StateSign(P_("transfer", "Needs a decision"), "stop", "danger"),
        TransferState.DISMISSED: StateSign(P_("transfer", "Given up"), "cross", "neutral"),
    },
    "fetch": {
        FetchState.QUEUED: StateSign(P_("fetch", "On its way"), "progress", "active"),
        FetchState.FETCHED: StateSign(P_("fetch", "Here"), "check", "success"),
        FetchState.FAILED: StateSign(P_("fetch", "Did not come"), "stop", "danger"),
    },
    "disc": {
        DiscState.REQUESTED: StateSign(P_("disc", "Waiting"), "clock", "neutral"),
        DiscState.WRITING: StateSign(P_("disc", "Being written"), "progress", "active"),
        DiscState.READY: StateSign(P_("disc", "Ready"), "check", "success"),
        DiscState.FAILED: StateSign(P_("disc", "Failed"), "stop", "danger"),
        DiscState.CANCELLED: StateSign(P_("disc", "Cancelled"), "cross", "neutral"),
        DiscState.EXPIRED: StateSign(P_("disc", "No longer kept"), "clock", "neutral"),
    },
    "import": {
        ImportState.RECEIVING: StateSign(P_("import", "Being sent"), "progress", "active"),
        ImportState.WAITING: StateSign(P_("import", "Waiting"), "clock", "neutral"),
        ImportState.READING: StateSign(P_("import", "Being read"), "progress", "active"),
        ImportState.DONE: StateSign(P_("import", "Done"), "check", "success"),
        ImportState.FAILED: StateSign(P_("import", "Broken off"), "stop", "danger"),
    },
    "priority": {
        Priority.STAT: StateSign(P_("priority", "Immediate"), "bolt", "danger"),
        Priority.URGENT: StateSign(P_("priority", "Urgent"), "bolt", "warning"),
        Priority.ROUTINE: StateSign(P_("priority", "Routine"), "clock", "neutral"),
    },
    "share": {
        ShareState.ACTIVE: StateSign(P_("share", "Open"), "link", "success"),
        ShareState.SUSPENDED: StateSign(P_("share", "Suspended"), "pause", "warning"),
        ShareState.EXHAUSTED: StateSign(P_("share", "Used up"), "check", "neutral"),
        ShareState.LOCKED: StateSign(P_("share", "Locked"), "lock", "danger"),
        ShareState.EXPIRED: StateSign(P_("share", "Expired"), "clock", "neutral"),
        ShareState.REVOKED: StateSign(P_("share", "Withdrawn"), "stop", "neutral"),
    },
})  # fmt: skip

MACHINES: Final[Mapping[str, type[StrEnum]]] = MappingProxyType(
    {
        "order": OrderState,
        "step": StepState,
        "study": StudyState,
        "task": TaskState,
        "report": ReportState,
        "report_version": VersionStatus,
        "run": RunState,
        "finding": FindingState,
        "identity": IdentityStatus,
        "delivery": DeliveryState,
        "move": MoveState,
        "erasure": ErasureState,
        "transfer": TransferState,
        "fetch": FetchState,
        "disc": DiscState,
        "import": ImportState,
        "priority": Priority,
        "share": ShareState,
    }
)
"""The states that each machine of `STATES` has in its area; a test holds the two together."""


def state_word(machine: str, state: str) -> str:
    """Return the word of a state in the language of the page; each machine has its own, since French words agree."""
    return pgettext(machine, state_of(machine, state).word)


def state_of(machine: str, state: str) -> StateSign:
    """Return the sign of a state. An unknown one is a fault of ours and is raised as such."""
    return STATES[machine][str(state)]


ROLE_NAMES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.SECRETARY: N_("Secretary"),
        Role.RADIOGRAPHER: N_("Radiographer"),
        Role.RESIDENT: N_("Resident"),
        Role.RADIOLOGIST: N_("Radiologist"),
        Role.LEAD_RADIOLOGIST: N_("Lead radiologist"),
        Role.REFERRER: N_("Referring physician"),
        Role.PATIENT: N_("Patient"),
        Role.PHYSICIST: N_("Medical physicist"),
        Role.IDENTITY_OFFICER: N_("Identity officer"),
        Role.ADMINISTRATOR: N_("Administrator"),
        Role.AUDITOR: N_("Data protection officer"),
    }
)


def role_name(role: Role) -> str:
    """Return the name of a role in the language of the page."""
    return gettext(ROLE_NAMES[role])
