"""The SQL of backups: one snapshot, the owner, counts of rows, and positions of a log that another server numbered."""

from __future__ import annotations

from sqlalchemy import Connection, text

from negatoscope.platform.database import APPLICATION_ROLE, TenantId


def begin_snapshot(tx: Connection) -> str:
    """Let this transaction, which has asked nothing yet, see one moment to its end, and return the name of that moment."""
    tx.execute(text("set transaction isolation level repeatable read, read only"))
    return str(tx.execute(text("select pg_export_snapshot()")).scalar_one())


def act_for(tx: Connection, tenant: TenantId) -> None:
    """See what the application sees for this tenant, until the transaction ends or another tenant is named."""
    tx.execute(text(f"set local role {APPLICATION_ROLE}"))
    tx.execute(text("select set_config('app.tenant', :tenant, true)"), {"tenant": str(tenant)})


def act_as_owner(tx: Connection) -> None:
    """See everything again."""
    tx.execute(text("set local role none"))


def get_owner(tx: Connection) -> str:
    """Return the role that owns the schema."""
    return str(tx.execute(text("select current_user")).scalar_one())


def count_rows(tx: Connection) -> dict[str, int]:
    """Count the rows of every table."""
    names = tx.execute(
        text(
            "select quote_ident(relname) from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p') and not relispartition order by relname"
        )
    ).scalars()
    return {name: tx.execute(text(f"select count(*) from {name}")).scalar_one() for name in list(names)}  # noqa: S608


def is_empty(tx: Connection) -> bool:
    """Tell whether the database has none of our tables."""
    return tx.execute(text("select to_regclass('public.tenants')")).scalar_one() is None


def prepare_roles(tx: Connection, owner: str) -> bool:
    """Make the role of the application; tell whether the role that owned the dumped tables is there, which policies name."""
    tx.execute(
        text(
            "do $$ begin if not exists (select from pg_roles where rolname = 'negatoscope_application') then"
            " create role negatoscope_application nologin; end if;"
            " execute format('grant negatoscope_application to %I', current_user); end $$"
        )
    )
    found = tx.execute(text("select exists (select from pg_roles where rolname = :owner)"), {"owner": owner})
    return bool(found.scalar_one())


def take_over(tx: Connection) -> None:
    """Let the present owner do maintenance, and number the log anew: this server has given out fewer transaction numbers.

    What was read stays read; facts that no reaction had digested yet, and some later ones again, are read at the next turn.
    """
    tx.execute(
        text(
            "do $$ declare t record; begin for t in select tablename from pg_policies where policyname = 'maintenance' loop"
            " execute format('alter policy maintenance on %I to %I', t.tablename, current_user); end loop; end $$"
        )
    )
    tx.execute(
        text(
            "update event_cursors c set transaction_id = '0', sequence = coalesce("
            "(select min(e.sequence) - 1 from events e where e.tenant = c.tenant"
            " and (e.transaction_id, e.sequence) > (c.transaction_id, c.sequence)),"
            "(select max(e.sequence) from events e where e.tenant = c.tenant), 0)"
        )
    )
    for table, column in (("events", "transaction_id"), ("audit_entries", "transaction_id"), ("audit_heads", "sealed_below")):
        tx.execute(text(f"update {table} set {column} = '0'"))  # noqa: S608 - names of ours
