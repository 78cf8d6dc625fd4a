"""The status tables: no error of the tree is missing for any service, and codes are of the class they claim."""

from __future__ import annotations

from itertools import product

import pytest

from negatoscope.doors.dimse.statuses import (
    CANCELLED,
    ERROR_STATUSES,
    MAY_NO_LONGER_BE_UPDATED,
    REASON_STATUSES,
    STATUSES,
    UNFORESEEN,
    Service,
    status_of,
)
from negatoscope.platform.errors import InvalidInput, InvalidTransition, NegatoscopeError, NotFound, OutOfResources

FAILURES = (0x0100, 0xA700, 0xA800, 0xA900, 0xC000)


def kinds_of_error(root: type[NegatoscopeError] = NegatoscopeError) -> set[type[NegatoscopeError]]:
    kinds = set(root.__subclasses__())
    return kinds | {kind for child in kinds for kind in kinds_of_error(child)}


@pytest.mark.parametrize(
    ("service", "kind"),
    list(
        product(Service, sorted((kind for kind in kinds_of_error() if kind.__module__ == NegatoscopeError.__module__), key=str))
    ),
)
def test_every_error_of_the_tree_has_a_failure_status_for_every_service(service: Service, kind: type[NegatoscopeError]) -> None:
    assert kind in ERROR_STATUSES[service]
    code = status_of(service, kind("A sentence.")).code
    assert code & 0xFF00 in FAILURES or code & 0xF000 == 0xC000 or code & 0xFF00 == 0x0200


def test_every_service_has_a_table_and_an_answer_to_the_unforeseen() -> None:
    assert set(ERROR_STATUSES) == set(UNFORESEEN) == set(Service)
    assert status_of(Service.NORMALIZED, RuntimeError()).code == 0x0110


def test_the_reason_says_more_than_the_kind() -> None:
    late = InvalidTransition("No.", reason="may_no_longer_be_updated")
    assert status_of(Service.NORMALIZED, late) is MAY_NO_LONGER_BE_UPDATED
    assert MAY_NO_LONGER_BE_UPDATED.error_id == 0xA710
    assert status_of(Service.NORMALIZED, NotFound("No.", reason="no_such_object_instance")).code == 0x0112
    assert status_of(Service.STORAGE, InvalidInput("No.", reason="sop_class_mismatch")).code == 0xA900
    assert status_of(Service.STORAGE, OutOfResources("No.")).code == 0xA700


def test_every_status_in_the_tables_is_listed_once() -> None:
    used = {status for table in ERROR_STATUSES.values() for status in table.values()}
    used |= set(REASON_STATUSES.values()) | set(UNFORESEEN.values())
    assert used <= set(STATUSES)
    assert CANCELLED in STATUSES
