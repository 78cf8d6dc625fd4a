"""PostgreSQL: one engine, one role for the application, one tenant for each transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NewType
from uuid import UUID

import psycopg
import sqlalchemy
from sqlalchemy import ClauseElement, Connection, TextClause, event, make_url, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from negatoscope.platform.errors import NegatoscopeError, OutOfResources, SettingsError, Unavailable

TenantId = NewType("TenantId", UUID)
APPLICATION_ROLE = "negatoscope_application"
DISK_FULL = "53100"
SERVER_GOES_OR_COMES = frozenset({"57P01", "57P02", "57P03"})
"""The server was told to stop, crashed, or cannot take connections yet."""

metadata = sqlalchemy.MetaData()
_NAMED = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # as SQLAlchemy has it


class Database:
    """Open transactions. Each carries its tenant, and row-level security shows it nothing else."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        try:
            parsed = make_url(url).set(drivername="postgresql+psycopg")
        except sqlalchemy.exc.ArgumentError as error:
            raise SettingsError("NEGATOSCOPE_DATABASE_URL is not a database address.") from error
        self.url = parsed
        # The connection used last comes first: the server has planned its statements already.
        self._engine = sqlalchemy.create_engine(
            parsed, pool_size=pool_size, max_overflow=pool_size, pool_timeout=10, pool_use_lifo=True
        )
        self._owner_engine = sqlalchemy.create_engine(parsed, poolclass=NullPool)
        event.listen(self._engine, "connect", _become_application)

    @contextmanager
    def transaction(self, tenant: TenantId) -> Iterator[Connection]:
        """Run one transaction under the application role for this tenant; commit at the end, roll back on any error."""
        with _translated(), self._begun("begin", tenant) as tx, tx.begin():
            yield tx

    @contextmanager
    def read(self, tenant: TenantId) -> Iterator[Connection]:
        """Run one read-only transaction under the application role for this tenant."""
        with _translated(), self._begun("begin read only", tenant) as tx, tx.begin():
            yield tx

    def _begun(self, begin: str, tenant: TenantId) -> Connection:
        """Return a connection on which the transaction of a tenant has begun.

        Beginning and the tenant go in one message, which is also the question whether the server is still there: an idle
        connection that it does not answer was lost with a restart, and so were the others.
        """
        message = f"{begin}; set local app.tenant = '{UUID(str(tenant))}'"
        try:
            tx = _begin(self._engine.connect(), message)
        except psycopg.OperationalError:
            self._engine.dispose()
            tx = _begin(self._engine.connect(), message)
        tx.info["tenant"] = tenant
        return tx

    @contextmanager
    def owner_transaction(self) -> Iterator[Connection]:
        """Run one transaction as the owner of the schema: migrations, tenants and maintenance, never a request."""
        with _translated(), self._owner_engine.begin() as tx:
            yield tx

    def tenants(self) -> list[TenantId]:
        """Return every tenant of this database."""
        with self.owner_transaction() as tx:
            return [TenantId(row[0]) for row in tx.execute(text("select tenant from tenants order by created_at"))]

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()
        self._owner_engine.dispose()


def tenant_of(tx: Connection) -> TenantId:
    """Return the tenant for which this transaction was opened."""
    return TenantId(tx.info["tenant"])


def written_out(statement: ClauseElement) -> TextClause:
    """Return a statement as text, for those that each request runs: looking up its compiled form costs more than running it.

    Its parameters are `bindparam`s by name, not `required` where a constant list stands beside them; values come back as the
    driver gives them.
    """
    compiled = statement.compile(dialect=_NAMED, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return text(str(compiled).replace("::", r"\:\:")).bindparams(**constants)


def send_commit(tx: Connection) -> None:
    """Send the commit of a transaction without waiting for its answer: the last thing that a process does before it is killed."""
    server = _server_of(tx)
    server.pgconn.send_query(b"commit")
    server.pgconn.flush()


def _begin(tx: Connection, message: str) -> Connection:
    """Send the message as it is: it holds two statements, which only an unprepared query without parameters may."""
    try:
        _server_of(tx).execute(message.encode("ascii"), prepare=False)
    except BaseException:
        tx.invalidate()
        tx.close()
        raise
    return tx


def _server_of(tx: Connection) -> psycopg.Connection:
    server = tx.connection.driver_connection
    if not isinstance(server, psycopg.Connection):
        raise TypeError("the transaction is not one of psycopg")
    return server


def _become_application(connection: sqlalchemy.engine.interfaces.DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"set role {APPLICATION_ROLE}")
    cursor.close()
    connection.commit()
    # Transactions begin with a message of ours: the driver's own would cost another round trip.
    connection.autocommit = True


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the server says of itself into our errors; a fault of ours (a constraint, a type) stays what it is."""
    try:
        yield
    except NegatoscopeError:
        raise
    except sqlalchemy.exc.TimeoutError as error:
        raise Unavailable("The database has no free connection.", reason="database_busy") from error
    except psycopg.OperationalError as error:
        raise Unavailable("The database does not answer.", reason="database_down") from error
    except DBAPIError as error:
        sqlstate = getattr(error.orig, "sqlstate", None)
        if sqlstate == DISK_FULL:
            raise OutOfResources("The database disk is full.", reason="disk_full") from error
        is_lost = isinstance(error, OperationalError) and (sqlstate is None or sqlstate in SERVER_GOES_OR_COMES)
        if error.connection_invalidated or is_lost:
            raise Unavailable(
                "The database does not answer, or refuses this name and password.", reason="database_down"
            ) from error
        raise
