"""Only what the operator listed may run."""

from __future__ import annotations

from pathlib import Path

import pytest

from negatoscope.ai.catalogue import PACKAGED, installed_models
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import Settings
from tests.builders.blob_model import write_models

NETWORK = b"stands for a network"


def settings(models: Path | None, tmp_path: Path) -> Settings:
    """Return settings with this folder of models."""
    return Settings(data=tmp_path / "data", models=models)


def test_nothing_is_packaged_and_nothing_runs_without_a_folder(tmp_path: Path) -> None:
    assert PACKAGED == ()
    assert installed_models(settings(None, tmp_path)) == ()


def test_listed_model_is_found(tmp_path: Path) -> None:
    folder = write_models(tmp_path / "models", network=NETWORK)
    models = installed_models(settings(folder, tmp_path))
    assert [model.title for model in models] == ["blob-detector 1.0.0"]


def test_folder_beside_the_list_is_not_seen(tmp_path: Path) -> None:
    folder = write_models(tmp_path / "models", network=NETWORK)
    (folder / "SHA256SUMS").write_text("")
    assert installed_models(settings(folder, tmp_path)) == ()


@pytest.mark.parametrize("spoil", ["card", "sums", "missing_sums", "outside", "half"])
def test_folder_out_of_order_is_a_settings_error(tmp_path: Path, spoil: str) -> None:
    folder = write_models(tmp_path / "models", network=NETWORK)
    sums = folder / "SHA256SUMS"
    if spoil == "card":
        card = folder / "blob" / "card.json"
        card.write_bytes(card.read_bytes() + b" ")
    elif spoil == "sums":
        sums.write_text(sums.read_text().splitlines()[0] + "\n" + "0" * 64 + "  blob/model.onnx\n")
    elif spoil == "missing_sums":
        sums.unlink()
    elif spoil == "outside":
        sums.write_text("0" * 64 + "  ../card.json\n")
    else:
        sums.write_text(sums.read_text().splitlines()[0] + "\n")
    with pytest.raises(SettingsError):
        installed_models(settings(folder, tmp_path))
