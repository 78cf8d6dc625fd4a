"""The installation as its administrators watch it: parts, queues, room, what is held back. No clinical content."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from negatoscope.access.model import Action, Subject
from negatoscope.archive.model import HeldInstance
from negatoscope.archive.scrub_store import find_scrub, list_alarms, list_damaged
from negatoscope.archive.study_store import list_conflicts, list_quarantine
from negatoscope.audit.verification import chain_status
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page
from negatoscope.platform.runtime import Platform
from negatoscope.platform.vitals import Vitals, read_vitals

router = APIRouter(include_in_schema=False)

DOOR_WAIT_S: Final = 0.5
LITTLE_ROOM: Final = 0.1
FAR_BEHIND: Final = 1000
MOST_HELD: Final = 50
ALARM_SHOWN: Final = timedelta(days=1)

REASONS: Final[Mapping[str, str]] = MappingProxyType({
    "patient_mismatch": N_("The study is known under another patient"),
    "other_bytes": N_("Other bytes came under a known identifier"),
    "truncated": N_("The object is shorter than it says"),
    "duplicate_tag": N_("An attribute stands twice"),
    "not_part10": N_("This is no DICOM file"),
    "missing_uid": N_("An identifier is missing"),
    "bad_uid": N_("An identifier is malformed"),
    "pixel_size_mismatch": N_("The pixels are not as many as described"),
    "unknown_transfer_syntax": N_("The transfer syntax is unknown"),
    "inflate_limit": N_("The object inflates beyond measure"),
    "depth_limit": N_("Sequences are nested too deeply"),
})  # fmt: skip
"""The frequent reasons in words; the machine word stands beside each."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the product, and whether it answers."""

    name: str
    place: str
    works: bool


@router.get("/admin")
def show_installation(request: Request, subject: Annotated[Subject, Depends(requires(Action.MANAGE_DEVICES))]) -> HTMLResponse:
    """Show how the installation feels."""
    platform = platform_of(request)
    vitals = read_vitals(platform)
    with platform.database.read(platform.tenant) as tx:
        seal = chain_status(tx)
        scrub, damaged = find_scrub(tx), list_damaged(tx, MOST_HELD)
        alarms = list_alarms(tx, platform.clock.now() - ALARM_SHOWN)
        held = [*list_quarantine(tx, MOST_HELD), *list_conflicts(tx, MOST_HELD)]
    return page(
        request,
        "admin/installation.html",
        parts=find_parts(platform, vitals),
        vitals=vitals,
        seal=seal,
        scrub=scrub,
        now=platform.clock.now(),
        damaged=damaged,
        alarms=alarms,
        held=sorted(held, key=lambda one: one.received_at, reverse=True)[:MOST_HELD],
        settings=platform.settings,
        little_room=vitals.disk_free_bytes < vitals.disk_total_bytes * LITTLE_ROOM,
        far_behind=FAR_BEHIND,
        reason_of=reason_of,
        public_url=platform.settings.public_url or str(request.base_url).rstrip("/"),
    )


def find_parts(platform: Platform, vitals: Vitals) -> list[Part]:
    """Return the parts of the product: this answer proves the web door and the database, the others are asked."""
    settings = platform.settings
    alive = [executor for executor in vitals.executors if executor.alive]
    return [
        Part(gettext("Screens and DICOMweb"), f"{settings.http_host}:{settings.http_port}", works=True),
        Part(gettext("Database"), "PostgreSQL", works=True),
        _door("DICOM", settings.dicom_host, settings.dicom_port),
        _door("HL7 v2", settings.hl7_host, settings.hl7_port),
        Part(gettext("Workers"), ", ".join(executor.executor_id for executor in alive), works=bool(alive)),
    ]


def reason_of(held: HeldInstance) -> str:
    """Return why an object is held back, in words where we have them."""
    return gettext(REASONS[held.reason]) if held.reason in REASONS else held.reason


def _door(name: str, host: str, port: int) -> Part:
    try:
        with socket.create_connection((host, port), timeout=DOOR_WAIT_S):
            works = True
    except OSError:
        works = False
    return Part(name, f"{host}:{port}", works)
