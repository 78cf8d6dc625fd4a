"""The conformance page says what the code does."""

from __future__ import annotations

import re

from negatoscope.exchange.inbox import _condition
from negatoscope.exchange.order_translation import Control
from negatoscope.exchange.result_translation import SECTIONS, STATUSES
from negatoscope.formats.hl7v2.errors import Condition
from negatoscope.formats.hl7v2.parse_order import MESSAGE_TYPES, VERSIONS
from negatoscope.formats.hl7v2.parser import CHARSETS
from negatoscope.platform.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "reference" / "conformance-hl7.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_messages_and_versions_are_those_taken() -> None:
    rows = re.findall(r"^\| `(\w+)\^(\w+)` \| (.*) \|$", section("Messages taken"), re.MULTILINE)
    assert {(code, trigger) for code, trigger, _ in rows} == set(MESSAGE_TYPES)
    assert all(set(versions.split(", ")) == set(VERSIONS) for _, _, versions in rows)


def test_the_order_controls_are_those_taken() -> None:
    rows = re.findall(r"^\| `(\w\w)` \|", section("Messages taken"), re.MULTILINE)
    assert rows == [control.value for control in Control]


def test_the_character_sets_are_those_read() -> None:
    line = section("Reading").split("Character sets")[1].split("Nothing declared")[0]
    assert set(re.findall(r"`([^`]+)`", line)) == set(CHARSETS) - {""}


def test_the_conditions_are_those_of_the_table_in_use() -> None:
    line = section("Answers").split("ERR-3")[1].split("No answer")[0]
    listed = set(re.findall(r"`(\d{3})`", line))
    used = {condition.code for condition in Condition} - {Condition.APPLICATION_RECORD_LOCKED.code}
    assert listed == used
    errors = (NotFound("x"), Conflict("x"), InvalidTransition("x"), InvalidInput("x"))
    assert {_condition(error).code for error in errors} <= listed


def test_the_sections_and_statuses_sent_are_listed() -> None:
    sent = section("Messages sent")
    assert all(f"`{code.code}`" in sent for _, code in SECTIONS)
    assert all(f"`{status.value}`" in sent for status in STATUSES.values())
