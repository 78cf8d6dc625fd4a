"""DICOMweb servers that an administrator listed: where they are, and the secret by which they know us."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.routing import rule_store
from negatoscope.archive.routing.rule_store import DicomwebServer
from negatoscope.audit.trail import record
from negatoscope.platform.errors import InvalidInput, NotFound, Unavailable
from negatoscope.platform.runtime import Platform
from negatoscope.platform.sealing import seal, unseal

LONGEST_NAME = 64
LONGEST_URL = 500
LONGEST_SECRET = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDestination:
    """What a client needs to speak to a server. The secret is shown to nobody."""

    name: str
    base_url: str
    login: str
    secret: str

    def __repr__(self) -> str:
        return f"WebDestination({self.name!r})"


def add_server(
    platform: Platform, subject: Subject, *, name: str, base_url: str, login: str = "", secret: str = ""
) -> DicomwebServer:
    """Add a server."""
    server_id = uuid4()
    server = _checked(
        DicomwebServer(
            server_id=server_id,
            name=name.strip(),
            base_url=base_url.strip().rstrip("/"),
            login=login.strip(),
            secret=seal(platform, _name(server_id), secret.encode()) if secret else None,
            disabled_at=None,
            version=1,
        )
    )
    _require_short(secret)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        rule_store.insert_server(tx, server)
        _trace(tx, subject, server)
    return server


def change_server(platform: Platform, subject: Subject, server: DicomwebServer, *, secret: str | None = None) -> DicomwebServer:
    """Keep a changed server; `secret` None leaves the one it has, '' takes it away.

    A server whose address changes loses a secret that is not given again: it would be told to a stranger.
    """
    if secret is not None:
        _require_short(secret)
        server = replace(server, secret=seal(platform, _name(server.server_id), secret.encode()) if secret else None)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        checked = _checked(replace(server, name=server.name.strip(), base_url=server.base_url.strip().rstrip("/")))
        if secret is None and rule_store.get_server(tx, server.server_id).base_url != checked.base_url:
            checked = replace(checked, secret=None)
        rule_store.update_server(tx, checked)
        _trace(tx, subject, checked)
        return rule_store.get_server(tx, server.server_id)


def get_server(tx: Connection, subject: Subject, server_id: UUID) -> DicomwebServer:
    """Return one server, for those who manage devices."""
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")
    return rule_store.get_server(tx, server_id)


def list_servers(tx: Connection, subject: Subject) -> list[DicomwebServer]:
    """Return the servers by name, for those who manage devices."""
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")
    return rule_store.list_servers(tx)


def web_destination(platform: Platform, tx: Connection, server_id: UUID) -> WebDestination:
    """Return what is needed to speak to a server, or raise Unavailable when it is switched off."""
    server = rule_store.get_server(tx, server_id)
    if server.disabled_at is not None:
        raise Unavailable("The server is switched off.", reason="destination_disabled")
    secret = unseal(platform, _name(server_id), server.secret).decode() if server.secret is not None else ""
    return WebDestination(name=server.name, base_url=server.base_url, login=server.login, secret=secret)


def _checked(server: DicomwebServer) -> DicomwebServer:
    if not 1 <= len(server.name) <= LONGEST_NAME or not server.name.isprintable():
        raise InvalidInput("Name the server in 1 to 64 characters.", reason="server_name_missing", field="name")
    if len(server.login) > LONGEST_NAME or ":" in server.login or not server.login.isprintable():
        raise InvalidInput("A login has at most 64 characters and no colon.", reason="server_login_not_valid", field="login")
    if not _is_good_address(server.base_url):
        raise InvalidInput(
            "An address reads like https://archive.example.org/dicom-web; http is for this machine alone.",
            reason="server_address_not_valid",
            field="base_url",
        )
    return server


def _is_good_address(address: str) -> bool:
    """Tell whether an address says where and nothing else, and leaves this machine under TLS alone."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - reading it raises for a port that is none
    except ValueError:
        return False
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if len(address) > LONGEST_URL or not address.isascii() or not address.isprintable() or " " in address or not is_plain:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(str(parts.hostname))))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_short(secret: str) -> None:
    if len(secret) > LONGEST_SECRET or not secret.isprintable() or not secret.isascii():
        raise InvalidInput("A secret has at most 4096 plain characters.", reason="server_secret_not_valid", field="secret")


def _trace(tx: Connection, subject: Subject, server: DicomwebServer) -> None:
    record(
        tx,
        subject.actor,
        Action.MANAGE_DEVICES.value,
        objects={
            "server": str(server.server_id),
            "name": server.name,
            "address": server.base_url,
            "has_secret": server.secret is not None,
            "enabled": server.disabled_at is None,
        },
    )


def _name(server_id: UUID) -> str:
    return f"dicomweb_server:{server_id}"
