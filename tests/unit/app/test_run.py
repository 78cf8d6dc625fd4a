"""What 'negatoscope run' refuses before it starts anything."""

from __future__ import annotations

import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from negatoscope.app.command_line.doctor import certificate_faults
from negatoscope.app.command_line.run import LEAST_FREE_BYTES, check_free_space, only_run_of, refuse_public_addresses
from negatoscope.app.demonstration.department import make_password
from negatoscope.app.demonstration.record import MadeAccount, Record, read_record, write_record
from negatoscope.app.supervisor import check_ports, doors_of
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import Settings, load_settings
from tests.builders.certificates import Authority


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


def test_door_over_tls_may_be_opened_to_the_network(tmp_path: Path) -> None:
    certificate, key = tmp_path / "web.pem", tmp_path / "web.key"
    address = "192.0.2.1"
    refuse_public_addresses(
        Settings(data=tmp_path, http_host=address, dicom_tls_host=address, http_certificate=certificate, http_key=key)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"http_certificate": "a.pem"},
        {"dicom_tls_key": "a.key"},
        {"dicom_tls_certificate": "a.pem", "dicom_tls_key": "a.key"},
    ],
)
def test_half_a_set_up_of_tls_is_refused(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="NEGATOSCOPE_"):
        load_settings(data=tmp_path, **settings)


def test_the_secured_port_is_a_door_of_its_own_once_it_has_a_certificate(tmp_path: Path) -> None:
    plain = Settings(data=tmp_path)
    secured = Settings(data=tmp_path, dicom_tls_certificate=tmp_path, dicom_tls_key=tmp_path, dicom_tls_authorities=tmp_path)
    assert set(doors_of(plain, ("dimse",))) == {"dimse"}
    assert set(doors_of(secured, ("dimse", "web"))) == {"dimse", "dimse over TLS", "web"}


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, None), (29, "30 days"), (13, "14 days"), (6.5, "7 days"), (0.5, "a day"), (-1, "has expired")],
)
def test_doctor_warns_of_certificates_that_end(tmp_path: Path, days: float, said: str | None) -> None:
    issued = Authority(tmp_path).issue("web", lasts=timedelta(days=60))
    now = datetime.now(UTC) + timedelta(days=60 - days)
    settings = Settings(data=tmp_path, http_certificate=issued.certificate, http_key=issued.key)
    faults = list(certificate_faults(settings, now=now))
    assert len(faults) == (said is not None)
    assert all(said is not None and said in fault for fault in faults)


def test_doctor_tells_a_certificate_that_cannot_be_read(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, http_certificate=tmp_path / "absent.pem", http_key=tmp_path / "absent.key")
    (fault,) = certificate_faults(settings, now=datetime.now(UTC))
    assert "NEGATOSCOPE_HTTP_CERTIFICATE" in fault


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
