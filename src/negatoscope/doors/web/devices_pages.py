"""Devices: which modalities, workstations and neighbouring systems may connect, from where, for what, and where they listen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from negatoscope.access import devices
from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.access.store.devices import Device
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.certificates import read_fingerprint
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput

router = APIRouter(include_in_schema=False)

PAGE: Final = 200
LONGEST: Final = 256
LONGEST_CERTIFICATE: Final = 16_384

SERVICE_WORDS: Final[Mapping[Action, str]] = {
    Action.STORE_IMAGES: N_("Store images (C-STORE)"),
    Action.QUERY_IMAGES: N_("Search for images (C-FIND)"),
    Action.RETRIEVE_IMAGES: N_("Retrieve images (C-MOVE, C-GET)"),
    Action.QUERY_WORKLIST: N_("Ask for the worklist (MWL)"),
    Action.REPORT_PERFORMED_STEP: N_("Report performed steps (MPPS)"),
    Action.SEND_ORDER: N_("Send orders (HL7)"),
    Action.QUERY_WORKITEMS: N_("Search for workitems (UPS)"),
    Action.CREATE_WORKITEM: N_("Create workitems (UPS Push)"),
    Action.PERFORM_WORKITEM: N_("Claim and perform workitems (UPS Pull)"),
    Action.CANCEL_WORKITEM: N_("Ask for the cancellation of workitems (UPS)"),
    Action.WATCH_WORKITEMS: N_("Follow workitems (UPS Watch and Event)"),
}

Manager = Annotated[Subject, Depends(requires(Action.MANAGE_DEVICES))]


class DeviceForm(BaseModel):
    """The fields of a device. Addresses are parted by spaces, commas or lines."""

    model_config = ConfigDict(extra="forbid")

    ae_title: str = Field(default="", max_length=64)
    description: str = Field(default="", max_length=LONGEST)
    addresses: str = Field(default="", max_length=2000)
    services: list[Action] = Field(default_factory=list)
    host: str = Field(default="", max_length=LONGEST)
    port: str = Field(default="", max_length=8)
    certificate: str = Field(default="", max_length=LONGEST_CERTIFICATE)
    uses_tls: bool = False
    asks_user: bool = False
    version: int = 0

    def split_addresses(self) -> tuple[str, ...]:
        """Return the addresses one by one."""
        return tuple(part for part in re.split(r"[\s,;]+", self.addresses) if part)

    def port_number(self) -> int | None:
        """Return the port, None for an empty field, 0 for nonsense, which is refused as any wrong port is."""
        text = self.port.strip()
        return None if not text else int(text) if text.isascii() and text.isdigit() else 0

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the certificate that was typed or pasted; InvalidInput when it is neither."""
        if not self.certificate.strip():
            return None
        try:
            return read_fingerprint(self.certificate)
        except InvalidInput as error:
            raise InvalidInput(str(error), reason=error.reason, field="certificate") from error


@router.get("/devices")
def show_devices(request: Request, subject: Manager, after: Annotated[str, Query(max_length=16)] = "") -> Response:
    """List the devices by AE title."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = devices.list_devices(tx, subject, after=after, limit=PAGE + 1)
    return page(
        request,
        "devices/list.html",
        devices=found[:PAGE],
        next_href=f"/devices?after={found[PAGE - 1].ae_title}" if len(found) > PAGE else None,
        services={service: gettext(word) for service, word in SERVICE_WORDS.items()},
        demonstration=platform.settings.demonstration,
        ae_title=platform.settings.ae_title,
        port=platform.settings.dicom_port,
        tls_port=platform.settings.dicom_tls_port if platform.settings.dicom_tls_certificate is not None else None,
    )


@router.get("/devices/new")
def show_new_device(request: Request, subject: Manager) -> Response:
    """Ask for what a new device needs."""
    _require_fresh_proof(subject)
    return _form(request, None, DeviceForm(services=[Action.STORE_IMAGES, Action.QUERY_WORKLIST]), {})


@router.post("/devices")
def add_device(request: Request, subject: Manager, form: Annotated[DeviceForm, Form()]) -> Response:
    """Add a device."""
    try:
        devices.register_device(
            platform_of(request),
            subject,
            ae_title=form.ae_title,
            description=form.description,
            addresses=form.split_addresses(),
            services=form.services,
            host=form.host.strip() or None,
            port=form.port_number(),
            certificate_sha256=form.fingerprint(),
            uses_tls=form.uses_tls,
            asks_user=form.asks_user,
        )
    except (InvalidInput, Conflict) as error:
        return _form(request, None, form, {error.field or "ae_title": explain(error)})
    return see_other(request, "/devices", status=gettext("Device added"))


@router.get("/devices/{device_id}")
def show_device(request: Request, subject: Manager, device_id: UUID) -> Response:
    """Show one device and let it be changed."""
    _require_fresh_proof(subject)
    device = _get(request, subject, device_id)
    form = DeviceForm(
        ae_title=device.ae_title,
        description=device.description,
        addresses="\n".join(device.addresses),
        services=sorted(device.services),
        host=device.host or "",
        port=str(device.port or ""),
        certificate=device.certificate_sha256 or "",
        uses_tls=device.uses_tls,
        asks_user=device.asks_user,
        version=device.version,
    )
    return _form(request, device, form, {})


@router.post("/devices/{device_id}")
def change_device(request: Request, subject: Manager, device_id: UUID, form: Annotated[DeviceForm, Form()]) -> Response:
    """Keep what was changed."""
    device = _get(request, subject, device_id)
    try:
        devices.change_device(platform_of(request), subject, _changed(device, form))
    except (InvalidInput, Conflict) as error:
        return _form(request, device, form, {error.field or "ae_title": explain(error)})
    return see_other(request, "/devices", status=gettext("Device changed"))


@router.post("/devices/{device_id}/disable")
def disable_device(request: Request, subject: Manager, device_id: UUID, version: Annotated[int, Form()] = 0) -> Response:
    """Refuse a device from now on."""
    device = replace(_get(request, subject, device_id), disabled_at=platform_of(request).clock.now(), version=version)
    devices.change_device(platform_of(request), subject, device)
    return see_other(request, "/devices", status=gettext("Device refused from now on"))


@router.post("/devices/{device_id}/enable")
def enable_device(request: Request, subject: Manager, device_id: UUID, version: Annotated[int, Form()] = 0) -> Response:
    """Let a device in again."""
    device = replace(_get(request, subject, device_id), disabled_at=None, version=version)
    devices.change_device(platform_of(request), subject, device)
    return see_other(request, "/devices", status=gettext("Device let in again"))


def _changed(device: Device, form: DeviceForm) -> Device:
    return replace(
        device,
        ae_title=form.ae_title.strip(),
        description=form.description.strip(),
        addresses=form.split_addresses(),
        services=frozenset(form.services),
        host=form.host.strip() or None,
        port=form.port_number(),
        certificate_sha256=form.fingerprint(),
        uses_tls=form.uses_tls,
        asks_user=form.asks_user,
        version=form.version,
    )


def _get(request: Request, subject: Subject, device_id: UUID) -> Device:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        return devices.get_device(tx, subject, device_id)


def _form(request: Request, device: Device | None, form: DeviceForm, errors: Mapping[str, str]) -> Response:
    return page(
        request,
        "devices/device.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        device=device,
        form=form,
        errors=errors,
        services=[(service, gettext(word)) for service, word in SERVICE_WORDS.items()],
    )


def _require_fresh_proof(subject: Subject) -> None:
    """Ask for the password before the form rather than after it, when what was typed would be lost."""
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
