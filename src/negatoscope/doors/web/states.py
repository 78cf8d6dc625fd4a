"""States in words: each state of each machine as an icon, a word and a tone. A state is never told by colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from negatoscope.access.model import Role
from negatoscope.ai.model import FindingState, RunState
from negatoscope.archive.model import StudyState
from negatoscope.doors.web.language import N_, gettext
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
        OrderState.RECEIVED: StateSign(N_("Received"), "inbox", "neutral"),
        OrderState.ACCEPTED: StateSign(N_("Accepted"), "check", "info"),
        OrderState.SCHEDULED: StateSign(N_("Scheduled"), "calendar", "info"),
        OrderState.IN_PROGRESS: StateSign(N_("In progress"), "progress", "active"),
        OrderState.COMPLETED: StateSign(N_("Completed"), "check", "success"),
        OrderState.REPORTED: StateSign(N_("Reported"), "report", "success"),
        OrderState.REJECTED: StateSign(N_("Refused"), "stop", "danger"),
        OrderState.CANCELLED: StateSign(N_("Cancelled"), "cross", "neutral"),
        OrderState.DISCONTINUED: StateSign(N_("Discontinued"), "stop", "warning"),
        OrderState.ON_HOLD: StateSign(N_("On hold"), "pause", "warning"),
    },
    "step": {
        StepState.SCHEDULED: StateSign(N_("Scheduled"), "calendar", "info"),
        StepState.ARRIVED: StateSign(N_("Arrived"), "person", "info"),
        StepState.READY: StateSign(N_("Ready"), "check", "info"),
        StepState.STARTED: StateSign(N_("Started"), "progress", "active"),
        StepState.COMPLETED: StateSign(N_("Completed"), "check", "success"),
        StepState.CANCELED: StateSign(N_("Cancelled"), "cross", "neutral"),
        StepState.DISCONTINUED: StateSign(N_("Discontinued"), "stop", "warning"),
    },
    "study": {
        StudyState.RECEIVING: StateSign(N_("Receiving"), "progress", "active"),
        StudyState.STABLE: StateSign(N_("Complete"), "check", "success"),
    },
    "task": {
        TaskState.UNASSIGNED: StateSign(N_("To read"), "inbox", "info"),
        TaskState.CLAIMED: StateSign(N_("Being read"), "person", "active"),
        TaskState.DRAFT: StateSign(N_("Draft"), "pen", "active"),
        TaskState.PRELIMINARY: StateSign(N_("Preliminary"), "report", "warning"),
        TaskState.FINAL: StateSign(N_("Final"), "check", "success"),
        TaskState.ADDENDUM_DRAFT: StateSign(N_("Addendum being written"), "pen", "active"),
        TaskState.ADDENDED: StateSign(N_("Addended"), "report", "success"),
        TaskState.ON_HOLD: StateSign(N_("On hold"), "pause", "warning"),
    },
    "report": {
        ReportState.DRAFT: StateSign(N_("Draft"), "pen", "active"),
        ReportState.PRELIMINARY: StateSign(N_("Preliminary"), "report", "warning"),
        ReportState.FINAL: StateSign(N_("Final"), "check", "success"),
        ReportState.ADDENDUM_DRAFT: StateSign(N_("Addendum being written"), "pen", "active"),
        ReportState.ADDENDED: StateSign(N_("Addended"), "report", "success"),
    },
    "report_version": {
        VersionStatus.PRELIMINARY: StateSign(N_("Preliminary"), "report", "warning"),
        VersionStatus.FINAL: StateSign(N_("Final"), "check", "success"),
        VersionStatus.ADDENDUM: StateSign(N_("Addendum"), "plus", "success"),
    },
    "run": {
        RunState.REQUESTED: StateSign(N_("Requested"), "inbox", "neutral"),
        RunState.QUEUED: StateSign(N_("Waiting"), "pause", "neutral"),
        RunState.RUNNING: StateSign(N_("Running"), "progress", "active"),
        RunState.SUCCEEDED: StateSign(N_("Done"), "check", "success"),
        RunState.FAILED: StateSign(N_("Failed"), "stop", "danger"),
        RunState.REFUSED: StateSign(N_("Image not suitable"), "cross", "warning"),
        RunState.NO_MODEL: StateSign(N_("No model installed"), "cross", "neutral"),
        RunState.SUPERSEDED: StateSign(N_("Superseded"), "swap", "neutral"),
        RunState.WITHDRAWN: StateSign(N_("Withdrawn"), "stop", "warning"),
    },
    "finding": {
        FindingState.PENDING_DISPLAY: StateSign(N_("Not seen yet"), "inbox", "neutral"),
        FindingState.DISPLAYED: StateSign(N_("Seen"), "eye", "info"),
        FindingState.ACCEPTED: StateSign(N_("Kept by the reader"), "check", "success"),
        FindingState.REJECTED: StateSign(N_("Set aside by the reader"), "cross", "neutral"),
        FindingState.IGNORED: StateSign(N_("Left without comment"), "pause", "neutral"),
        FindingState.WITHDRAWN: StateSign(N_("Withdrawn"), "stop", "warning"),
    },
    "identity": {
        IdentityStatus.PROVISIONAL: StateSign(N_("Provisional identity"), "clock", "warning"),
        IdentityStatus.VALIDATED: StateSign(N_("Validated identity"), "check", "info"),
        IdentityStatus.RETRIEVED: StateSign(N_("Retrieved identity"), "download", "info"),
        IdentityStatus.QUALIFIED: StateSign(N_("Qualified identity"), "check", "success"),
    },
    "delivery": {
        DeliveryState.QUEUED: StateSign(N_("On its way"), "progress", "active"),
        DeliveryState.DELIVERED: StateSign(N_("Delivered"), "check", "success"),
        DeliveryState.PARKED: StateSign(N_("Refused by the receiver"), "stop", "danger"),
        DeliveryState.CANCELLED: StateSign(N_("Given up"), "cross", "neutral"),
    },
    "priority": {
        Priority.STAT: StateSign(N_("Immediate"), "bolt", "danger"),
        Priority.URGENT: StateSign(N_("Urgent"), "bolt", "warning"),
        Priority.ROUTINE: StateSign(N_("Routine"), "clock", "neutral"),
    },
    "share": {
        ShareState.ACTIVE: StateSign(N_("Open"), "link", "success"),
        ShareState.SUSPENDED: StateSign(N_("Suspended"), "pause", "warning"),
        ShareState.EXHAUSTED: StateSign(N_("Used up"), "check", "neutral"),
        ShareState.LOCKED: StateSign(N_("Locked"), "lock", "danger"),
        ShareState.EXPIRED: StateSign(N_("Expired"), "clock", "neutral"),
        ShareState.REVOKED: StateSign(N_("Withdrawn"), "stop", "neutral"),
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
        "priority": Priority,
        "share": ShareState,
    }
)
"""The states that each machine of `STATES` has in its area; a test holds the two together."""


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
