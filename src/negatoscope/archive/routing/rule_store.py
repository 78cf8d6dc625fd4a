"""SQL of routing rules and of the servers they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from negatoscope.archive.routing.model import Rule
from negatoscope.archive.routing.rule_documents import content_of, document_of
from negatoscope.archive.routing.tables import dicomweb_servers, routing_rule_versions, routing_rules
from negatoscope.platform.errors import Conflict, NotFound, StaleVersion
from negatoscope.platform.sealing import Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomwebServer:
    """An archive or viewer reached over DICOMweb. Its secret is the password of `login`, or a bearer token without one."""

    server_id: UUID
    name: str
    base_url: str
    login: str
    secret: Sealed | None
    disabled_at: datetime | None
    version: int


def insert_rule(tx: Connection, rule: Rule) -> None:
    """Add a rule with its first version; Conflict when its name is taken."""
    values = {"rule_id": rule.rule_id, "version": rule.version, **_rule_values(rule)}
    try:
        with tx.begin_nested():
            tx.execute(insert(routing_rules).values(on_since=rule.on_since, **values))
    except IntegrityError as error:
        raise Conflict("Another rule has this name.", reason="rule_name_taken", field="name") from error
    tx.execute(insert(routing_rule_versions).values(values))


def update_rule(tx: Connection, rule: Rule) -> None:
    """Keep `rule` as the next version of what it was read as, or raise StaleVersion; Conflict when its name is taken."""
    values = {"version": rule.version + 1, **_rule_values(rule)}
    same = (routing_rules.c.rule_id == rule.rule_id) & (routing_rules.c.version == rule.version)
    try:
        with tx.begin_nested():
            changed = tx.execute(update(routing_rules).where(same).values(on_since=rule.on_since, **values))
    except IntegrityError as error:
        raise Conflict("Another rule has this name.", reason="rule_name_taken", field="name") from error
    if changed.rowcount == 0:
        raise StaleVersion("Somebody else changed this rule first.")
    tx.execute(insert(routing_rule_versions).values(rule_id=rule.rule_id, **values))


def get_rule(tx: Connection, rule_id: UUID) -> Rule:
    """Return one rule, or raise NotFound."""
    row = tx.execute(select(routing_rules).where(routing_rules.c.rule_id == rule_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("No such rule.", reason="no_such_rule")
    return _rule_of(row)


def list_rules(tx: Connection, *, enabled_only: bool = False) -> list[Rule]:
    """Return the rules by name."""
    query = select(routing_rules).order_by(routing_rules.c.name)
    if enabled_only:
        query = query.where(routing_rules.c.is_enabled)
    return [_rule_of(row) for row in tx.execute(query).mappings()]


def list_rule_versions(tx: Connection, rule_id: UUID) -> list[Rule]:
    """Return what a rule was, the newest first."""
    table = routing_rule_versions
    query = select(table).where(table.c.rule_id == rule_id).order_by(table.c.version.desc()).limit(50)
    return [_rule_of(row) for row in tx.execute(query).mappings()]


def insert_server(tx: Connection, server: DicomwebServer) -> None:
    """Add a server; Conflict when its name is taken."""
    try:
        with tx.begin_nested():
            tx.execute(insert(dicomweb_servers).values(server_id=server.server_id, version=1, **_server_values(server)))
    except IntegrityError as error:
        raise Conflict("Another server has this name.", reason="server_name_taken", field="name") from error


def update_server(tx: Connection, server: DicomwebServer) -> None:
    """Change a server if nobody changed it since `server.version`; Conflict when its name is taken."""
    table = dicomweb_servers
    same = (table.c.server_id == server.server_id) & (table.c.version == server.version)
    try:
        with tx.begin_nested():
            changed = tx.execute(update(table).where(same).values(version=server.version + 1, **_server_values(server)))
    except IntegrityError as error:
        raise Conflict("Another server has this name.", reason="server_name_taken", field="name") from error
    if changed.rowcount == 0:
        raise StaleVersion("Somebody else changed this server first.")


def get_server(tx: Connection, server_id: UUID) -> DicomwebServer:
    """Return one server, or raise NotFound."""
    row = tx.execute(select(dicomweb_servers).where(dicomweb_servers.c.server_id == server_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("No such server.", reason="no_such_server")
    return _server_of(row)


def list_servers(tx: Connection) -> list[DicomwebServer]:
    """Return the servers by name."""
    return [_server_of(row) for row in tx.execute(select(dicomweb_servers).order_by(dicomweb_servers.c.name)).mappings()]


def _rule_values(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "is_enabled": rule.is_enabled,
        "content": document_of(rule.content),
        "changed_at": rule.changed_at,
        "changed_by": rule.changed_by,
    }


def _rule_of(row: RowMapping) -> Rule:
    return Rule(
        rule_id=row["rule_id"],
        name=row["name"],
        is_enabled=row["is_enabled"],
        content=content_of(row["content"]),
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        version=row["version"],
        on_since=row.get("on_since"),
    )


def _server_values(server: DicomwebServer) -> Mapping[str, object]:
    return {
        "name": server.name,
        "base_url": server.base_url,
        "login": server.login,
        "sealed": server.secret.content if server.secret is not None else None,
        "wrapped_key": server.secret.wrapped_key if server.secret is not None else None,
        "disabled_at": server.disabled_at,
    }


def _server_of(row: RowMapping) -> DicomwebServer:
    secret = Sealed(bytes(row["sealed"]), bytes(row["wrapped_key"])) if row["sealed"] is not None else None
    return DicomwebServer(
        server_id=row["server_id"],
        name=row["name"],
        base_url=row["base_url"],
        login=row["login"],
        secret=secret,
        disabled_at=row["disabled_at"],
        version=row["version"],
    )
