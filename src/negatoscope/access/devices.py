"""Devices: who may call us by which AE title from where, and to whom we send. An AE title is never a proof alone."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import DEVICE_ACTIONS, Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject, device_subject
from negatoscope.access.policy import may_ever
from negatoscope.access.store import devices as store
from negatoscope.access.store.devices import Device
from negatoscope.audit.store import current_tenant
from negatoscope.audit.trail import record
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

AE_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?\Z")
FINGERPRINT = re.compile(r"[0-9a-f]{64}\Z")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveDestination:
    """Where a C-MOVE may send: only what an administrator listed.

    With `uses_tls` the connection is TLS; `certificate_sha256` is then the one certificate that the device may show.
    """

    ae_title: str
    host: str
    port: int
    uses_tls: bool = False
    certificate_sha256: str | None = None


class Stranger(StrEnum):
    """Why a caller is none of our devices; for the audit trail, never for the caller."""

    UNKNOWN = "unknown_calling_ae_title"
    NO_CERTIFICATE = "certificate_not_shown"
    OTHER_CERTIFICATE = "certificate_of_another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A device that calls; `asks_user` tells that a person at it must name himself too."""

    subject: Subject
    asks_user: bool


def identify_caller(
    tx: Connection, calling_ae: str, address: str, demonstration: bool, *, certificate_sha256: str | None = None
) -> Caller | Stranger:
    """Return the device that calls, or why it is none: unknown, disabled, from elsewhere, or without its certificate.

    A demonstration department takes any AE title from the loopback address, with every service, unless the title is that
    of a known device, whose own services and certificate then hold.
    """
    title = calling_ae.strip()
    device = store.find_device(tx, title) if AE_TITLE.match(title) is not None else None
    tenant = TenantId(current_tenant(tx))
    from_here = demonstration and _is_loopback(address)
    if device is None:
        may_enter = from_here and AE_TITLE.match(title) is not None
        return Caller(subject=device_subject(tenant, title, address), asks_user=False) if may_enter else Stranger.UNKNOWN
    if not from_here and not _is_allowed(address, device.addresses):
        return Stranger.UNKNOWN
    if device.certificate_sha256 is not None and device.certificate_sha256 != certificate_sha256:
        return Stranger.NO_CERTIFICATE if certificate_sha256 is None else Stranger.OTHER_CERTIFICATE
    subject = device_subject(tenant, device.ae_title, address, services=device.services)
    return Caller(subject=subject, asks_user=device.asks_user)


def device_for(tx: Connection, calling_ae: str, address: str, demonstration: bool) -> Subject | None:
    """Return the device that calls on a wire without certificates and logins, or None where it is none or must have them."""
    caller = identify_caller(tx, calling_ae, address, demonstration)
    return caller.subject if isinstance(caller, Caller) and not caller.asks_user else None


def is_known_address(tx: Connection, address: str, service: Action, demonstration: bool) -> bool:
    """Say whether some device with this service may call from here: all that can be asked of who did not name himself."""
    return (demonstration and _is_loopback(address)) or _is_allowed(address, tuple(store.list_addresses(tx, service)))


def retrieve_destination(tx: Connection, ae_title: str) -> RetrieveDestination | None:
    """Return where a device listens, if an administrator said so."""
    device = store.find_device(tx, ae_title.strip())
    if device is None or device.host is None or device.port is None:
        return None
    return RetrieveDestination(
        ae_title=device.ae_title,
        host=device.host,
        port=device.port,
        uses_tls=device.uses_tls,
        certificate_sha256=device.certificate_sha256,
    )


def register_device(
    platform: Platform,
    subject: Subject,
    *,
    ae_title: str,
    description: str,
    addresses: Iterable[str],
    services: Iterable[Action],
    host: str | None = None,
    port: int | None = None,
    certificate_sha256: str | None = None,
    uses_tls: bool = False,
    asks_user: bool = False,
) -> Device:
    """Add a device."""
    device = _checked(
        Device(
            device_id=uuid4(),
            ae_title=ae_title.strip(),
            description=description.strip(),
            addresses=tuple(addresses),
            services=frozenset(services),
            host=host or None,
            port=port,
            disabled_at=None,
            version=1,
            certificate_sha256=certificate_sha256,
            uses_tls=uses_tls,
            asks_user=asks_user,
        )
    )
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        store.insert_device(tx, device)
        _trace(tx, subject, device)
    return device


def change_device(platform: Platform, subject: Subject, device: Device) -> Device:
    """Keep a changed device; refused when somebody else changed it since it was read."""
    checked = _checked(device)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        store.update_device(tx, checked)
        _trace(tx, subject, checked)
        return store.get_device(tx, checked.device_id)


def disable_device(platform: Platform, subject: Subject, device_id: UUID) -> Device:
    """Refuse a device from now on."""
    with platform.database.read(platform.tenant) as tx:
        device = store.get_device(tx, device_id)
    return change_device(platform, subject, replace(device, disabled_at=platform.clock.now()))


def get_device(tx: Connection, subject: Subject, device_id: UUID) -> Device:
    """Return one device, for those who manage them."""
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")
    return store.get_device(tx, device_id)


def list_devices(tx: Connection, subject: Subject, *, after: str = "", limit: int = 200) -> list[Device]:
    """Return devices in the order of their AE title, for those who manage them."""
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")
    return store.list_devices(tx, after=after, limit=limit)


def _trace(tx: Connection, subject: Subject, device: Device) -> None:
    record(
        tx,
        subject.actor,
        Action.MANAGE_DEVICES.value,
        objects={
            "device": str(device.device_id),
            "ae_title": device.ae_title,
            "addresses": list(device.addresses),
            "services": sorted(service.value for service in device.services),
            "enabled": device.disabled_at is None,
            "certificate": device.certificate_sha256,
            "tls": device.uses_tls,
            "asks_user": device.asks_user,
        },
    )


def _checked(device: Device) -> Device:
    if AE_TITLE.match(device.ae_title) is None:
        raise InvalidInput("An AE title has 1 to 16 printable characters.", reason="ae_title_not_valid", field="ae_title")
    if not 1 <= len(device.description) <= 200:
        raise InvalidInput("Describe the device in 1 to 200 characters.", reason="description_missing", field="description")
    if not device.services or not device.services <= DEVICE_ACTIONS:
        raise InvalidInput("Choose at least one service.", reason="services_missing", field="services")
    if not device.addresses:
        raise InvalidInput("Name the addresses of the device.", reason="addresses_missing", field="addresses")
    for address in device.addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError as error:
            raise InvalidInput(
                "An address reads like 10.1.2.3 or 10.1.2.0/24.", reason="address_not_valid", field="addresses"
            ) from error
    if device.certificate_sha256 is not None and FINGERPRINT.match(device.certificate_sha256) is None:
        raise InvalidInput(
            "Give a SHA-256 fingerprint of 64 hexadecimal digits, or a certificate in PEM form.",
            reason="certificate_not_valid",
            field="certificate",
        )
    if (device.host is None) != (device.port is None):
        raise InvalidInput("A destination needs a host and a port.", reason="destination_not_whole", field="port")
    if device.host is not None and HOST.match(device.host) is None:
        raise InvalidInput("This host name is not valid.", reason="host_not_valid", field="host")
    if device.port is not None and not 1 <= device.port <= 65535:
        raise InvalidInput("A port is between 1 and 65535.", reason="port_not_valid", field="port")
    return device


def _is_allowed(address: str, allowed: tuple[str, ...]) -> bool:
    found = _parse(address)
    return found is not None and any(found in ipaddress.ip_network(network, strict=False) for network in allowed)


def _is_loopback(address: str) -> bool:
    found = _parse(address)
    return found is not None and found.is_loopback


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, an IPv4 one in IPv6 clothes as what it is; None for what is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else found
