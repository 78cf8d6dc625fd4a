"""Numbered SQL files, run once each, forward only, under a lock; a file changed after it ran is refused."""

from __future__ import annotations

import hashlib
import re
from importlib.resources.abc import Traversable

from sqlalchemy import Connection, text

from negatoscope.platform.database import Database
from negatoscope.platform.errors import SettingsError

LOCK_KEY = 0x6E656761
FILE_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


def migrate(database: Database, folder: Traversable) -> list[str]:
    """Run the files that this database has not seen, in the order of their number; return their names."""
    files = sorted((entry for entry in folder.iterdir() if FILE_NAME.match(entry.name)), key=lambda entry: entry.name)
    done: list[str] = []
    with database.owner_transaction() as tx:
        tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        tx.execute(text("set local lock_timeout = '10s'"))
        tx.execute(text("set local statement_timeout = '10min'"))
        tx.execute(
            text(
                "create table if not exists schema_migrations (name text primary key, sha256 text not null, at timestamptz not null default now())"
            )
        )
        seen = {str(row.name): str(row.sha256) for row in tx.execute(text("select name, sha256 from schema_migrations"))}
        for entry in files:
            content = entry.read_text(encoding="utf-8")
            sha256 = hashlib.sha256(content.encode()).hexdigest()
            if entry.name in seen:
                if seen[entry.name] != sha256:
                    raise SettingsError(
                        f"Migration {entry.name} was changed after it ran on this database.", reason="migration_changed"
                    )
                continue
            _run(tx, content)
            tx.execute(
                text("insert into schema_migrations (name, sha256) values (:name, :sha256)"),
                {"name": entry.name, "sha256": sha256},
            )
            done.append(entry.name)
        unknown = sorted(set(seen) - {entry.name for entry in files})
        if unknown:
            raise SettingsError(
                f"This database was used by a newer release ({unknown[-1]}); install that release or a later one.",
                reason="newer_schema",
            )
    return done


def _run(tx: Connection, script: str) -> None:
    cursor = tx.connection.cursor()
    try:
        cursor.execute(script)
    finally:
        cursor.close()
