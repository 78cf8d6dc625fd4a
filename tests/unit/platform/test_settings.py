"""Settings: environment over file over default; what is wrong is named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import load_settings


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "negatoscope.toml"
    file.write_text('http_port = 8181\nae_title = "FROMFILE"\n')
    monkeypatch.setenv("NEGATOSCOPE_CONFIG", str(file))
    monkeypatch.setenv("NEGATOSCOPE_HTTP_PORT", "8282")
    settings = load_settings()
    assert (settings.http_port, settings.ae_title, settings.dicom_port) == (8282, "FROMFILE", 11112)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "seventy"),
        ("DICOM_PORT", "0"),
        ("AE_TITLE", "A_TITLE_THAT_IS_TOO_LONG"),
        ("HL7_RESULTS_TO", "nowhere"),
        ("TIME_ZONE", "Europe/Atlantis"),
        ("LANGUAGE", "de"),
    ],
)
def test_wrong_value_names_its_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"NEGATOSCOPE_{name}", value)
    with pytest.raises(SettingsError, match=f"NEGATOSCOPE_{name}"):
        load_settings()


def test_unknown_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEGATOSCOPE_HTPP_PORT", "8080")
    with pytest.raises(SettingsError, match="NEGATOSCOPE_HTPP_PORT"):
        load_settings()


@pytest.mark.parametrize("content", [b"http_port = ", b"colour = 'red'\n", b"tenant = '\xe9t\xe9'\n"])
def test_wrong_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    file = tmp_path / "negatoscope.toml"
    file.write_bytes(content)
    monkeypatch.setenv("NEGATOSCOPE_CONFIG", str(file))
    with pytest.raises(SettingsError):
        load_settings()


def test_missing_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEGATOSCOPE_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load_settings()
