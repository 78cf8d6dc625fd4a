"""The port of the engines: a prepared tensor in, the named outputs of the model back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from negatoscope.ai.catalogue import InstalledModel

Tensor = NDArray[np.float32]

# A chest model of 512 x 512 takes 0.1 s on two threads; a minute means that it hangs.
INFERENCE_TIMEOUT_S = 60.0


class Engine(Protocol):
    """Run an installed model. The same tensor gives the same outputs, whichever engine runs it."""

    name: str

    def infer(self, model: InstalledModel, tensor: Tensor) -> Mapping[str, Tensor]:
        """Return the outputs that the card names, by name.

        Raises Unavailable when no answer came and another attempt may succeed, CorruptObject when the model is not the
        one of its card, Refused when the model crashed, hung or answered what the card does not announce.
        """
        ...


def wanted_outputs(model: InstalledModel) -> list[str]:
    """Return the names of the outputs that the card speaks of."""
    output = model.card.output
    return [output.probabilities] + ([output.heat_maps] if output.heat_maps is not None else [])
