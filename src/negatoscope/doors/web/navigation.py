"""The main menu: which pages there are, in the order of the day, each shown to the roles whose work it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Match

from negatoscope.access.model import Action, Role, Subject, SubjectKind
from negatoscope.access.policy import may_ever
from negatoscope.doors.web.language import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the menu. `roles` narrows it to those whose daily work it is; the policy decides all the same."""

    path: str
    label: str
    icon: str
    purpose: str = ""
    action: Action | None = None
    roles: frozenset[Role] | None = None
    daily: bool = False


MOST_IN_BAR: Final = 6

_DEPARTMENT: Final = frozenset(Role) - {Role.PATIENT, Role.REFERRER}

ENTRIES: Final = (
    Entry(path="/", label=N_("Home"), icon="home", roles=_DEPARTMENT | {Role.REFERRER}, daily=True),
    Entry(path="/reading", label=N_("Reading list"), icon="lightbox", purpose=N_("Read studies in the order of their urgency"), action=Action.CLAIM_READING, daily=True),
    Entry(path="/rooms", label=N_("Rooms"), icon="room", purpose=N_("Today’s patients of each room, step by step"), action=Action.CHECK_IN, roles=_DEPARTMENT, daily=True),
    Entry(path="/orders", label=N_("Orders"), icon="order", purpose=N_("Take, schedule and follow imaging orders"), action=Action.CREATE_ORDER, daily=True),
    Entry(path="/patients", label=N_("Patients"), icon="patient", purpose=N_("Find a patient, his exams and reports"), action=Action.SEARCH_PATIENTS, roles=_DEPARTMENT, daily=True),
    Entry(path="/results", label=N_("My results"), icon="report", purpose=N_("Reports and images of your patients"), roles=frozenset({Role.REFERRER}), daily=True),
    Entry(path="/my-exams", label=N_("My exams"), icon="report", purpose=N_("Your exams, your reports, and who looked at them"), roles=frozenset({Role.PATIENT}), daily=True),
    Entry(path="/dose", label=N_("Dose"), icon="dose", purpose=N_("Exposure against the reference levels, rejected images"), action=Action.EDIT_REFERENCE_LEVELS),
    Entry(path="/ai", label=N_("AI runs"), icon="spark", purpose=N_("Models, their runs and why some gave none"), action=Action.RERUN_AI),
    Entry(path="/training", label=N_("Training"), icon="training", purpose=N_("Read known cases, alone and with the help of AI"), action=Action.TRAIN),
    Entry(path="/shares", label=N_("Shares"), icon="share", purpose=N_("Links given to people outside"), action=Action.CREATE_SHARE, roles=_DEPARTMENT),
    Entry(path="/discs", label=N_("Discs"), icon="download", purpose=N_("Copies of examinations to take away"), action=Action.DOWNLOAD_DICOM, roles=_DEPARTMENT),
    Entry(path="/imports", label=N_("Imports"), icon="upload", purpose=N_("Examinations brought on a disc or in a ZIP"), action=Action.IMPORT_STUDY, roles=_DEPARTMENT - {Role.ADMINISTRATOR}),
    Entry(path="/deliveries", label=N_("Deliveries"), icon="swap", purpose=N_("Reports on their way to other systems"), action=Action.SEND_REPORT, roles=_DEPARTMENT),
    Entry(path="/messages", label=N_("HL7 messages"), icon="inbox", purpose=N_("What other systems sent, and how it was answered"), action=Action.REPLAY_MESSAGES),
    Entry(path="/archive", label=N_("Archive"), icon="archive", purpose=N_("What is held back, rejected or moved"), action=Action.RECONCILE_STUDY, roles=frozenset({Role.IDENTITY_OFFICER, Role.ADMINISTRATOR, Role.LEAD_RADIOLOGIST, Role.RADIOLOGIST, Role.RADIOGRAPHER})),
    Entry(path="/archive/retention", label=N_("Retention"), icon="archive", purpose=N_("How long studies are kept, and who lets them go"), action=Action.DELETE_BY_RETENTION, roles=frozenset({Role.AUDITOR})),
    Entry(path="/audit", label=N_("Audit"), icon="audit", purpose=N_("Who saw and changed what"), action=Action.SEARCH_AUDIT),
    Entry(path="/users", label=N_("People"), icon="people", purpose=N_("Accounts and roles"), action=Action.MANAGE_USERS),
    Entry(path="/devices", label=N_("Devices"), icon="device", purpose=N_("Modalities and neighbouring systems that may connect"), action=Action.MANAGE_DEVICES),
    Entry(path="/recompression", label=N_("How images are kept"), icon="device", purpose=N_("Form in which the images of each modality are kept"), action=Action.MANAGE_DEVICES),
    Entry(path="/routing", label=N_("Routing"), icon="swap", purpose=N_("Rules by which images leave by themselves"), action=Action.MANAGE_DEVICES),
    Entry(path="/prefetch", label=N_("Earlier exams from elsewhere"), icon="download", purpose=N_("Archives that are asked for earlier exams of a patient"), action=Action.MANAGE_DEVICES),
    Entry(path="/workitems", label=N_("Workitems"), icon="order", purpose=N_("The unified worklist of machines, and who follows it"), action=Action.OVERSEE_WORKITEMS),
    Entry(path="/admin", label=N_("Installation"), icon="gauge", purpose=N_("Health of the parts, storage, quarantine"), action=Action.MANAGE_DEVICES),
)  # fmt: skip


def existing_entries(app: Starlette) -> tuple[Entry, ...]:
    """Return the entries whose page is in this application; asked once, when it is built."""
    return tuple(entry for entry in ENTRIES if _exists(entry.path, app))


def entries_for(subject: Subject, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries a person sees: those of his roles."""
    if subject.kind is not SubjectKind.USER:
        return ()
    return tuple(entry for entry in entries if _is_open(entry, subject))


def split_menu(entries: tuple[Entry, ...], path: str) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return what stands in the bar and what behind "More": the daily work, and the page one is on, always show."""
    if len(entries) <= MOST_IN_BAR:
        return entries, ()
    bar = tuple(entry for entry in entries if entry.daily or is_current(entry, path))
    return bar, tuple(entry for entry in entries if entry not in bar)


def is_current(entry: Entry, path: str) -> bool:
    """Tell whether a page stands under an entry."""
    return path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/"))


def _is_open(entry: Entry, subject: Subject) -> bool:
    if entry.roles is not None and not (entry.roles & subject.roles):
        return False
    return entry.action is None or may_ever(subject, entry.action)


def _exists(path: str, app: Starlette) -> bool:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in app.routes)
