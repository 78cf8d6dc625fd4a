"""Logs say what happened, never to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from negatoscope.platform.logs import configure_logs, get_logger

CANARIES = {"patient_name": "DURANDAL^Zoé", "patient_id": "IPP-4217", "birth_date": "19560213", "accession_number": "ACC-77"}


@pytest.fixture(autouse=True)
def _logs_of_this_test_alone() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_keys_off_the_list_do_not_get_through(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", process="test")
    get_logger().info("instance_stored", count=3, **CANARIES)
    line = capsys.readouterr().err.strip().splitlines()[-1]
    record = json.loads(line)
    assert record["event"] == "instance_stored"
    assert record["count"] == 3
    for canary in CANARIES.values():
        assert canary not in line


def test_line_breaks_and_escapes_stay_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", process="test")
    get_logger().info("refused", reason="X\r\n2026 level=info login ok \x1b[31m")
    lines = capsys.readouterr().err.strip().splitlines()
    assert len([line for line in lines if "login ok" in line]) == 1
    assert "\x1b" not in lines[-1]


def test_exception_is_told_by_its_places_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", process="test")
    try:
        raise ValueError(CANARIES["patient_name"])
    except ValueError:
        get_logger().error("failed", exc_info=True)
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert CANARIES["patient_name"] not in json.loads(line)["exception"]
    assert "ValueError at " in json.loads(line)["exception"]
    assert "test_logs.py" in line
