"""The card of a model: what it may look at, how its input is prepared, what its outputs mean. Strangers write it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from negatoscope.platform.errors import InvalidInput

MOST_CARD_BYTES = 256 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LocalText(_Part):
    """One text in both languages of the screens."""

    fr: str = Field(min_length=1, max_length=400)
    en: str = Field(min_length=1, max_length=400)


class InputRule(_Part):
    """Which images suit the model, and how their pixels become its input tensor (1, channels, rows, columns) float32."""

    name: str = Field(min_length=1, max_length=100)
    modalities: tuple[str, ...] = Field(min_length=1)
    body_parts: tuple[str, ...] = Field(min_length=1)
    view_positions: tuple[str, ...] = ()
    youngest_years: int | None = Field(default=None, ge=0, le=150)
    rows: int = Field(ge=8, le=4096)
    columns: int = Field(ge=8, le=4096)
    channels: Literal[1, 3] = 1
    fit: Literal["pad", "stretch"] = "pad"
    intensity: Literal["window", "percentiles"] = "window"
    mean: float = 0.0
    deviation: float = Field(default=1.0, gt=0)


class LabelRule(_Part):
    """One element of the probability output: above `threshold` it becomes a finding; critical ones raise urgency."""

    label: str = Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")
    title: LocalText
    threshold: float = Field(gt=0, lt=1)
    critical: bool = False


class OutputRule(_Part):
    """Names of the outputs. `probabilities` is (1, labels); `heat_maps`, if any, is (1, labels, rows, columns)."""

    probabilities: str = Field(min_length=1, max_length=100)
    activation: Literal["none", "sigmoid"] = "none"
    labels: tuple[LabelRule, ...] = Field(min_length=1, max_length=64)
    heat_maps: str | None = Field(default=None, max_length=100)
    heat_level: float = Field(default=0.5, gt=0, lt=1)


class ModelCard(_Part):
    """The whole card. `sha256` is that of model.onnx beside it; another file is never loaded."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,60}$")
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,40}$")
    title: LocalText
    intended_use: LocalText
    limits: LocalText
    licence: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    input: InputRule
    output: OutputRule


def parse_card(text: bytes) -> ModelCard:
    """Read card.json; raise InvalidInput that names the wrong field, never its value."""
    if len(text) > MOST_CARD_BYTES:
        raise InvalidInput("The model card is too long.", reason="model_card")
    try:
        return ModelCard.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "card"
        raise InvalidInput(
            f"The model card is wrong at {where}: {error.errors()[0]['type']}.", reason="model_card", field=where
        ) from error
