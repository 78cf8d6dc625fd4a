"""Devices in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, any_, insert, select, update
from sqlalchemy.exc import IntegrityError

from negatoscope.access.actions import Action
from negatoscope.access.tables import devices
from negatoscope.platform.errors import Conflict, NotFound, StaleVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A modality, a workstation or a neighbouring system.

    `addresses` are addresses or networks (`10.1.2.0/24`) from which it may speak. `host` and `port`, where given, make it
    a destination to which we send what others ask us to move, over TLS where it `uses_tls`. A device with a
    `certificate_sha256` is known by that certificate alone, both when it calls and when it is called. One that `asks_user`
    is let in only with the login and password of a person.
    """

    device_id: UUID
    ae_title: str
    description: str
    addresses: tuple[str, ...]
    services: frozenset[Action]
    host: str | None
    port: int | None
    disabled_at: datetime | None
    version: int
    certificate_sha256: str | None = None
    uses_tls: bool = False
    asks_user: bool = False


def insert_device(tx: Connection, device: Device) -> None:
    """Add a device, or raise Conflict when its AE title is taken."""
    try:
        with tx.begin_nested():
            tx.execute(insert(devices).values(device_id=device.device_id, version=1, **_values(device)))
    except IntegrityError as error:
        raise Conflict("This AE title is taken.", reason="ae_title_taken", field="ae_title") from error


def update_device(tx: Connection, device: Device) -> None:
    """Change a device if nobody changed it since `device.version`; Conflict when its new AE title is taken."""
    try:
        with tx.begin_nested():
            changed = tx.execute(
                update(devices)
                .where(devices.c.device_id == device.device_id, devices.c.version == device.version)
                .values(version=device.version + 1, **_values(device))
            )
    except IntegrityError as error:
        raise Conflict("This AE title is taken.", reason="ae_title_taken", field="ae_title") from error
    if changed.rowcount == 0:
        raise StaleVersion("Somebody else changed this device first.")


def find_device(tx: Connection, ae_title: str) -> Device | None:
    """Return the device of this AE title unless it is disabled."""
    row = (
        tx.execute(select(devices).where(devices.c.ae_title == ae_title, devices.c.disabled_at.is_(None)))
        .mappings()
        .one_or_none()
    )
    return _device_of(row) if row is not None else None


def get_device(tx: Connection, device_id: UUID) -> Device:
    """Return a device, or raise NotFound."""
    row = tx.execute(select(devices).where(devices.c.device_id == device_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("No such device.")
    return _device_of(row)


def list_devices(tx: Connection, *, after: str = "", limit: int = 200) -> list[Device]:
    """Return devices in the order of their AE title."""
    rows = tx.execute(select(devices).where(devices.c.ae_title > after).order_by(devices.c.ae_title).limit(limit))
    return [_device_of(row) for row in rows.mappings()]


def list_addresses(tx: Connection, service: Action) -> list[str]:
    """Return the addresses of every device that has this service and is not disabled."""
    query = select(devices.c.addresses).where(devices.c.disabled_at.is_(None), any_(devices.c.services) == service.value)
    return sorted({address for addresses in tx.execute(query).scalars() for address in addresses})


def _values(device: Device) -> dict[str, object]:
    return {
        "ae_title": device.ae_title,
        "description": device.description,
        "addresses": list(device.addresses),
        "services": sorted(device.services),
        "host": device.host,
        "port": device.port,
        "disabled_at": device.disabled_at,
        "certificate_sha256": device.certificate_sha256,
        "uses_tls": device.uses_tls,
        "asks_user": device.asks_user,
    }


def _device_of(row: RowMapping) -> Device:
    return Device(
        device_id=row["device_id"],
        ae_title=row["ae_title"],
        description=row["description"],
        addresses=tuple(row["addresses"]),
        services=frozenset(Action(service) for service in row["services"]),
        host=row["host"],
        port=row["port"],
        disabled_at=row["disabled_at"],
        version=row["version"],
        certificate_sha256=row["certificate_sha256"],
        uses_tls=row["uses_tls"],
        asks_user=row["asks_user"],
    )
