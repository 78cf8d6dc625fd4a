"""The migrated database is what the code says: same tables and columns, row-level security on every one."""

from __future__ import annotations

import importlib
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, ProgrammingError

from negatoscope.platform.database import Database, TenantId, metadata
from negatoscope.platform.runtime import Platform
from tests.architecture.sources import PACKAGE
from tests.paths import ROOT

OWNER_ALONE = {"schema_migrations", "job_executors", "job_takeovers", "keyring_keys", "tenants"}
FACTS = text(
    "select c.relname, c.relrowsecurity, c.relforcerowsecurity, array_agg(a.attname order by a.attnum) filter (where a.attnum > 0)"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " join pg_attribute a on a.attrelid = c.oid and not a.attisdropped"
    " where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition group by 1, 2, 3"
)


def load_tables() -> None:
    for path in sorted(PACKAGE.rglob("tables.py")):
        importlib.import_module(".".join(path.relative_to(ROOT / "src").with_suffix("").parts))


def test_tables_in_code_are_the_tables_in_the_database(database: Database) -> None:
    load_tables()
    with database.owner_transaction() as tx:
        present = {row[0]: set(row[3]) for row in tx.execute(FACTS)}
    declared = {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}
    assert declared, "no table was declared"
    for name, columns in declared.items():
        assert name in present, f"{name} has no migration"
        assert columns <= present[name] and present[name] - columns <= {"tenant"}, f"{name}: {columns ^ present[name]}"  # noqa: PT018


def test_every_table_is_under_row_level_security(database: Database) -> None:
    with database.owner_transaction() as tx:
        faults = [
            row[0] for row in tx.execute(FACTS) if row[0] not in OWNER_ALONE and not (row[1] and row[2] and "tenant" in row[3])
        ]
    assert faults == []


def test_partitions_cannot_be_reached_around_their_parent(database: Database) -> None:
    with database.owner_transaction() as tx:
        granted = tx.scalars(
            text(
                "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'public' and c.relispartition and c.relkind = 'r'"
                " and has_table_privilege('negatoscope_application', c.oid, 'select, insert, update, delete')"
            )
        ).all()
    assert granted == []


def test_transaction_without_tenant_sees_nothing(platform: Platform) -> None:
    """The gate fails closed: a query that no tenant was set for is an error, never everything."""
    engine = platform.database._engine
    with pytest.raises((ProgrammingError, DataError), match=r"app\.tenant|uuid"), engine.begin() as tx:
        tx.execute(text("select * from events"))


def test_application_cannot_delete_or_change_facts(platform: Platform) -> None:
    for statement in ("delete from events", "update events set kind = 'x'", "truncate events", "delete from tenants"):
        with pytest.raises(ProgrammingError, match="permission denied"), platform.database.transaction(platform.tenant) as tx:
            tx.execute(text(statement))


def test_read_transaction_cannot_write(platform: Platform) -> None:
    with pytest.raises(Exception, match="read-only"), platform.database.read(TenantId(uuid4())) as tx:
        tx.execute(text("insert into events (kind, subject, payload) values ('x', 'x', '{}')"))
