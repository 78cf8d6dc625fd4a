"""States in words: each state of each machine as an icon, a word and a tone. A state is never told by colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from negatoscope.access.model import Role
from negatoscope.doors.web.language import N_, gettext


@dataclass(frozen=True, slots=True)
class StateSign:
    """How one state is shown. Tones: neutral, info, active, success, warning, danger."""

    word: str
    icon: str
    tone: str


STATES: Final[Mapping[str, Mapping[str, StateSign]]] = MappingProxyType({
    "order": {
        "received": StateSign(N_("Received"), "inbox", "neutral"),
        "accepted": StateSign(N_("Accepted"), "check", "info"),
        "scheduled": StateSign(N_("Scheduled"), "calendar", "info"),
        "in_progress": StateSign(N_("In progress"), "progress", "active"),
        "completed": StateSign(N_("Completed"), "check", "success"),
        "reported": StateSign(N_("Reported"), "report", "success"),
        "rejected": StateSign(N_("Refused"), "stop", "danger"),
        "cancelled": StateSign(N_("Cancelled"), "cross", "neutral"),
        "discontinued": StateSign(N_("Discontinued"), "stop", "warning"),
        "on_hold": StateSign(N_("On hold"), "pause", "warning"),
        "replaced": StateSign(N_("Replaced"), "swap", "neutral"),
    },
    "step": {
        "scheduled": StateSign(N_("Scheduled"), "calendar", "info"),
        "arrived": StateSign(N_("Arrived"), "person", "info"),
        "ready": StateSign(N_("Ready"), "check", "info"),
        "started": StateSign(N_("Started"), "progress", "active"),
        "completed": StateSign(N_("Completed"), "check", "success"),
        "departed": StateSign(N_("Departed"), "person", "neutral"),
        "canceled": StateSign(N_("Cancelled"), "cross", "neutral"),
        "cancelled": StateSign(N_("Cancelled"), "cross", "neutral"),
        "discontinued": StateSign(N_("Discontinued"), "stop", "warning"),
    },
    "study": {
        "receiving": StateSign(N_("Receiving"), "progress", "active"),
        "stable": StateSign(N_("Complete"), "check", "success"),
        "qa_pending": StateSign(N_("Quality check"), "pause", "warning"),
        "qa_ok": StateSign(N_("Checked"), "check", "success"),
        "available_for_read": StateSign(N_("Ready to read"), "lightbox", "info"),
        "corrected": StateSign(N_("Corrected"), "swap", "warning"),
        "archived": StateSign(N_("Archived"), "archive", "neutral"),
        "quarantined": StateSign(N_("Quarantined"), "stop", "danger"),
        "rejected": StateSign(N_("Rejected"), "cross", "danger"),
    },
    "task": {
        "unassigned": StateSign(N_("To read"), "inbox", "info"),
        "claimed": StateSign(N_("Being read"), "person", "active"),
        "draft": StateSign(N_("Draft"), "pen", "active"),
        "preliminary": StateSign(N_("Preliminary"), "report", "warning"),
        "final": StateSign(N_("Final"), "check", "success"),
        "addendum_draft": StateSign(N_("Addendum being written"), "pen", "active"),
        "addended": StateSign(N_("Addended"), "report", "success"),
        "on_hold": StateSign(N_("On hold"), "pause", "warning"),
        "returned_to_qa": StateSign(N_("Back to quality check"), "swap", "warning"),
        "cancelled": StateSign(N_("Cancelled"), "cross", "neutral"),
        "superseded": StateSign(N_("Superseded"), "swap", "neutral"),
    },
    "report": {
        "draft": StateSign(N_("Draft"), "pen", "active"),
        "preliminary": StateSign(N_("Preliminary"), "report", "warning"),
        "final": StateSign(N_("Final"), "check", "success"),
        "addendum": StateSign(N_("Addendum"), "report", "success"),
        "nullified": StateSign(N_("Nullified"), "cross", "danger"),
    },
    "run": {
        "requested": StateSign(N_("Requested"), "inbox", "neutral"),
        "queued": StateSign(N_("Waiting"), "pause", "neutral"),
        "running": StateSign(N_("Running"), "progress", "active"),
        "succeeded": StateSign(N_("Done"), "check", "success"),
        "failed": StateSign(N_("Failed"), "stop", "danger"),
        "refused": StateSign(N_("Image not suitable"), "cross", "warning"),
        "no_model": StateSign(N_("No model installed"), "cross", "neutral"),
        "withdrawn": StateSign(N_("Withdrawn"), "stop", "warning"),
        "superseded": StateSign(N_("Superseded"), "swap", "neutral"),
    },
    "share": {
        "draft": StateSign(N_("Draft"), "pen", "neutral"),
        "active": StateSign(N_("Open"), "check", "success"),
        "expired": StateSign(N_("Expired"), "clock", "neutral"),
        "revoked": StateSign(N_("Withdrawn"), "stop", "danger"),
        "exhausted": StateSign(N_("Used up"), "cross", "neutral"),
        "locked": StateSign(N_("Locked"), "lock", "danger"),
        "suspended": StateSign(N_("Suspended"), "pause", "warning"),
    },
    "delivery": {
        "pending": StateSign(N_("Waiting"), "pause", "neutral"),
        "sent": StateSign(N_("Sent"), "progress", "active"),
        "acknowledged": StateSign(N_("Acknowledged"), "check", "success"),
        "refused": StateSign(N_("Refused"), "stop", "danger"),
        "failed": StateSign(N_("Failed"), "stop", "danger"),
        "parked": StateSign(N_("Parked"), "pause", "warning"),
    },
    "priority": {
        "STAT": StateSign(N_("Immediate"), "bolt", "danger"),
        "urgent": StateSign(N_("Urgent"), "bolt", "warning"),
        "routine": StateSign(N_("Routine"), "clock", "neutral"),
    },
})  # fmt: skip


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
