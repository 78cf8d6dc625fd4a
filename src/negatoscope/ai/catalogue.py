"""Which models may run here: those packaged with the product, by an explicit list, and those of the operator's folder.

The folder named by the setting `models` holds one folder a model, with card.json and model.onnx, and a file SHA256SUMS
(as `sha256sum` writes it) that lists both files of each. What is not listed there, or differs, never runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from negatoscope.ai.card import ModelCard, parse_card
from negatoscope.platform.errors import CorruptObject, InvalidInput, SettingsError
from negatoscope.platform.settings import Settings

# Names of folders under ai/models. Empty: no model is packaged yet, and the screens say so.
PACKAGED: tuple[str, ...] = ()

SUMS = "SHA256SUMS"
MOST_MODEL_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that may run: its card, and the file that the card's hash names."""

    card: ModelCard
    file: Path

    @property
    def title(self) -> str:
        """Return name and version, as they are written beside each finding."""
        return f"{self.card.name} {self.card.version}"


def installed_models(settings: Settings) -> tuple[InstalledModel, ...]:
    """Return the models that may run here, by name; SettingsError when the operator's folder is not in order."""
    packaged = [_load_packaged(Path(str(files("negatoscope.ai") / "models" / name))) for name in PACKAGED]  # pragma: no branch
    configured = list(_load_folder(settings.models)) if settings.models is not None else []
    models = sorted(packaged + configured, key=lambda model: model.title)
    if len({model.card.name for model in models}) < len(models):
        raise SettingsError("Two models have the same name.", reason="models")
    return tuple(models)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_model_file(path: Path, sha256: str) -> bytes:
    """Return the bytes of a model; CorruptObject when they are not those of its card."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptObject("The model file cannot be read.", reason="model_unreadable") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CorruptObject("The model file is not the one of its card.", reason="model_hash")
    return content


def _load_packaged(folder: Path) -> InstalledModel:
    return InstalledModel(parse_card((folder / "card.json").read_bytes()), folder / "model.onnx")


def _load_folder(folder: Path) -> tuple[InstalledModel, ...]:
    try:
        listed = (folder / SUMS).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The folder of models needs a readable {SUMS}.", reason="models") from error
    return _load_listed(folder, listed)


@lru_cache(maxsize=4)
def _load_listed(folder: Path, listed: str) -> tuple[InstalledModel, ...]:
    """Load the listed models. Kept as long as the list stays the same; the engine checks the model file at each run."""
    sums = dict(_parse_sums(listed))
    models = []
    for name in sorted({path.split("/")[0] for path in sums}):
        card_file, model_file = folder / name / "card.json", folder / name / "model.onnx"
        if f"{name}/card.json" not in sums or f"{name}/model.onnx" not in sums:
            raise SettingsError(f"{SUMS} must list card.json and model.onnx of each model.", reason="models")
        try:
            content = card_file.read_bytes()
            card = parse_card(content)
        except OSError as error:
            raise SettingsError("A listed model has no readable card.json.", reason="models") from error
        except InvalidInput as error:
            raise SettingsError(str(error), reason="models") from error
        if hashlib.sha256(content).hexdigest() != sums[f"{name}/card.json"]:
            raise SettingsError(f"A card.json is not the one listed in {SUMS}.", reason="models")
        if card.sha256 != sums[f"{name}/model.onnx"]:
            raise SettingsError(f"A card names another model file than {SUMS}.", reason="models")
        models.append(InstalledModel(card, model_file))
    return tuple(models)


def _parse_sums(listed: str) -> list[tuple[str, str]]:
    pairs = []
    for line in listed.splitlines():
        if not line.strip():
            continue
        digest, _, path = line.partition(" ")
        path = path.strip().removeprefix("*").removeprefix("./")
        parts = path.split("/")
        if len(digest) != 64 or len(parts) != 2 or parts[0] in {"", ".", ".."}:
            raise SettingsError(f"A line of {SUMS} is not '<sha256>  <folder>/<file>'.", reason="models")
        pairs.append((path, digest.lower()))
    return pairs
