"""Transactions begin in one message, for one tenant, and outlive a server that went away between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import text

from negatoscope.platform.database import Database
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.runtime import Platform

IDLE_CONNECTIONS = 3
MINE = text("select pg_backend_pid()")
STATE = text("select current_setting('app.tenant'), current_setting('transaction_read_only'), current_user")


@pytest.fixture
def own(database_url: str) -> Iterator[Database]:
    own = Database(database_url, pool_size=IDLE_CONNECTIONS)
    yield own
    own.close()


def fill(own: Database, platform: Platform) -> list[int]:
    """Open so many connections at once, and leave them idle."""
    with ExitStack() as stack:
        opened = [stack.enter_context(own.read(platform.tenant)) for _ in range(IDLE_CONNECTIONS)]
        return [tx.execute(MINE).scalar_one() for tx in opened]


def end(database_url: str, processes: list[int]) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for process in processes:
            connection.execute("select pg_terminate_backend(%s, 5000)", [process])


def test_transaction_is_of_the_application_role_and_the_tenant(own: Database, platform: Platform) -> None:
    with own.transaction(platform.tenant) as tx:
        assert tx.execute(STATE).one() == (str(platform.tenant), "off", "negatoscope_application")
    with own.read(platform.tenant) as tx:
        assert tx.execute(STATE).one() == (str(platform.tenant), "on", "negatoscope_application")


def test_tenant_ends_with_its_transaction(own: Database, platform: Platform) -> None:
    with own.transaction(platform.tenant) as tx:
        first = tx.execute(MINE).scalar_one()
    with own._engine.connect() as connection:
        row = connection.execute(text("select pg_backend_pid(), current_setting('app.tenant', true)")).one()
    assert row == (first, "")


def test_error_rolls_everything_back(own: Database, platform: Platform) -> None:
    write = text("insert into events (kind, subject, payload) values ('rolled_back', 'x', '{}')")

    def fail() -> None:
        with own.transaction(platform.tenant) as tx:
            tx.execute(write)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with own.read(platform.tenant) as tx:
        assert tx.execute(text("select count(*) from events where kind = 'rolled_back'")).scalar_one() == 0


def test_every_idle_connection_may_be_lost(own: Database, platform: Platform, database_url: str) -> None:
    lost = fill(own, platform)
    end(database_url, lost)
    assert not set(fill(own, platform)) & set(lost)


def test_connection_lost_within_a_transaction_is_said(own: Database, platform: Platform, database_url: str) -> None:
    def lose() -> None:
        with own.read(platform.tenant) as tx:
            end(database_url, [tx.execute(MINE).scalar_one()])
            tx.execute(MINE)

    with pytest.raises(Unavailable):
        lose()
    with own.read(platform.tenant) as tx:
        assert tx.execute(MINE).scalar_one()


def test_server_that_stays_away_is_said(platform: Platform) -> None:
    absent = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable), absent.read(platform.tenant):
        pass
    absent.close()
