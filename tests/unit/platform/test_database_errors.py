"""What the server says of itself becomes an error by what the caller can do; whatever else is wrong stays what it is."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from negatoscope.platform.database import _translated
from negatoscope.platform.errors import NegatoscopeError, OutOfResources, Unavailable


@pytest.mark.parametrize(
    ("said", "expected", "reason"),
    [
        (psycopg.errors.AdminShutdown(), Unavailable, "database_down"),
        (psycopg.errors.CrashShutdown(), Unavailable, "database_down"),
        (psycopg.errors.CannotConnectNow(), Unavailable, "database_down"),
        (psycopg.OperationalError(), Unavailable, "database_down"),
        (psycopg.errors.DiskFull(), OutOfResources, "disk_full"),
    ],
)
def test_a_server_that_goes_comes_or_is_full_is_said(
    said: psycopg.Error, expected: type[NegatoscopeError], reason: str
) -> None:
    with pytest.raises(expected) as raised, _translated():
        raise OperationalError("select 1", {}, said)
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("insert", {}, psycopg.errors.UniqueViolation()),
        OperationalError("update", {}, psycopg.errors.DeadlockDetected()),
    ],
)
def test_a_fault_of_ours_and_what_is_tried_again_stay_what_they_are(error: DBAPIError) -> None:
    with pytest.raises(type(error)), _translated():
        raise error
