"""What 'negatoscope run' refuses before it starts anything."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from negatoscope.app.command_line.run import LEAST_FREE_BYTES, check_free_space, only_run_of, refuse_public_addresses
from negatoscope.app.demonstration.department import make_password
from negatoscope.app.demonstration.record import MadeAccount, Record, read_record, write_record
from negatoscope.app.supervisor import check_ports
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import Settings


def test_full_disk_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path)
    check_free_space(settings)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=LEAST_FREE_BYTES - 1))
    with pytest.raises(SettingsError, match="NEGATOSCOPE_DATA") as caught:
        check_free_space(settings)
    assert caught.value.reason == "disk_full"


@pytest.mark.parametrize("name", ["http_host", "dicom_host", "hl7_host"])
def test_door_to_the_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    refuse_public_addresses(Settings(data=tmp_path))
    monkeypatch.setenv(f"NEGATOSCOPE_{name.upper()}", "192.0.2.1")
    with pytest.raises(SettingsError, match=f"NEGATOSCOPE_{name.upper()}"):
        refuse_public_addresses(Settings(data=tmp_path))


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(data=tmp_path, dicom_port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match="NEGATOSCOPE_DICOM_PORT"):
            check_ports(settings, ("dimse",))
        check_ports(settings, ("worker",))


def test_passwords_are_long_and_never_the_same() -> None:
    made = {make_password() for _ in range(200)}
    assert len(made) == 200
    assert min(len(password) for password in made) >= 16


def test_record_comes_back_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert read_record(settings) is None
    record = Record(accounts=(MadeAccount(login="a", password="p", role="r", what_to_try="t"),), complete=True)
    write_record(settings, record)
    assert read_record(settings) == record
    assert (tmp_path / "demonstration.json").stat().st_mode & 0o077 == 0


def test_damaged_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "demonstration.json").write_text("{}")
    with pytest.raises(SettingsError, match="damaged"):
        read_record(Settings(data=tmp_path))


def is_refused(settings: Settings, *roles: str) -> bool:
    try:
        with only_run_of(settings, roles):
            return False
    except SettingsError as error:
        return error.reason == "already_running"


def test_second_run_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with only_run_of(settings, ("web",)):
        assert is_refused(settings, "dimse"), "the first holds the embedded database"
    assert not is_refused(settings, "web")


def test_roles_of_a_shared_database_run_side_by_side(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url="postgresql://somewhere/else")
    with only_run_of(settings, ("web",)):
        assert not is_refused(settings, "dimse")
        assert is_refused(settings, "web", "dimse")
