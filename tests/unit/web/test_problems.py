"""The table of errors on the HTTP wires is complete and says no more than it may."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from negatoscope.doors.problems import ANSWERS, answer_for, problem_of
from negatoscope.doors.web.error_pages import EXPLANATIONS
from negatoscope.platform import errors
from negatoscope.platform.errors import InvalidInput, NegatoscopeError


def tree(root: type[NegatoscopeError]) -> Iterator[type[NegatoscopeError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
        yield from tree(kind)


def missing(table: dict[type[NegatoscopeError], object]) -> set[str]:
    return {kind.__name__ for kind in tree(NegatoscopeError) if kind not in table}


@pytest.mark.parametrize("table", [ANSWERS, EXPLANATIONS], ids=["problems", "pages"])
def test_no_error_of_the_tree_is_missing(table: dict[type[NegatoscopeError], object]) -> None:
    assert missing(table) == set()


def test_the_check_for_missing_errors_can_fail() -> None:
    assert missing({kind: 0 for kind in ANSWERS if kind is not errors.StaleVersion}) == {"StaleVersion"}


def test_an_unforeseen_error_says_nothing_of_itself() -> None:
    body = json.loads(bytes(problem_of(KeyError("DUPONT CANARI")).body))
    assert body["status"] == 500
    assert "CANARI" not in json.dumps(body)


def test_a_subclass_is_answered_as_its_parent() -> None:
    class NoSuchSlot(errors.Conflict):
        pass

    assert answer_for(NoSuchSlot("taken")).status == 409


def test_a_wrong_field_is_named() -> None:
    body = json.loads(bytes(problem_of(InvalidInput("This is no date.", field="birth_date")).body))
    assert body["errors"] == [{"field": "birth_date", "detail": "This is no date."}]
    assert body["type"] == "urn:negatoscope:problem:invalid_input"


def test_what_is_not_there_and_what_may_not_be_known_are_answered_alike() -> None:
    hidden, missing_one = errors.NotFound("Nothing is here."), errors.NotFound("No such study.", reason="no_such_study")
    assert problem_of(hidden).body == problem_of(missing_one).body
