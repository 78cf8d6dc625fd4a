"""A remote inference server that speaks the KServe v2 protocol (Open Inference Protocol), such as Triton."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import orjson

from negatoscope.ai.catalogue import InstalledModel
from negatoscope.ai.engines.port import INFERENCE_TIMEOUT_S, Tensor, wanted_outputs
from negatoscope.platform.errors import Refused, Unavailable

MOST_ANSWER_BYTES = 256 << 20


class KserveEngine:
    """Run models on a KServe v2 server. The server vouches for the file behind name and version; we cannot hash it."""

    name = "kserve"

    def __init__(self, url: str, *, timeout_s: float = INFERENCE_TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    def infer(self, model: InstalledModel, tensor: Tensor) -> Mapping[str, Tensor]:
        """Return the outputs that the card names."""
        names = wanted_outputs(model)
        question = {
            "inputs": [
                {
                    "name": model.card.input.name,
                    "shape": list(tensor.shape),
                    "datatype": "FP32",
                    "data": tensor.ravel(),
                }
            ],
            "outputs": [{"name": name} for name in names],
        }
        path = f"/v2/models/{model.card.name}/versions/{model.card.version}/infer"
        answer = self._post(path, orjson.dumps(question, option=orjson.OPT_SERIALIZE_NUMPY))
        outputs = {str(output.get("name")): output for output in answer.get("outputs", []) if isinstance(output, dict)}
        if not outputs.keys() >= set(names):
            raise Refused("The inference server left out an output.", reason="model_shape")
        return {name: _tensor(outputs[name]) for name in names}

    def _post(self, path: str, content: bytes) -> dict[str, Any]:
        body = bytearray()
        try:
            with httpx.stream(
                "POST",
                self._url + path,
                content=content,
                headers={"content-type": "application/json"},
                timeout=self._timeout_s,
            ) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_ANSWER_BYTES:
                        raise Refused("The inference server answered too much.", reason="engine_answer")
        except httpx.HTTPError as error:
            raise Unavailable("The inference server does not answer.", reason="engine_unavailable") from error
        if response.status_code == 404:
            raise Refused("The inference server does not have this model and version.", reason="model_missing")
        if response.status_code >= 500 or response.status_code == 429:
            raise Unavailable("The inference server cannot answer now.", reason="engine_unavailable")
        if response.status_code != 200:
            raise Refused("The inference server refused the tensor.", reason="engine_refused")
        try:
            answer = orjson.loads(bytes(body))
        except orjson.JSONDecodeError as error:
            raise Refused("The inference server did not answer in JSON.", reason="engine_answer") from error
        if not isinstance(answer, dict):
            raise Refused("The inference server did not answer as the protocol says.", reason="engine_answer")
        return answer


def _tensor(output: dict[str, Any]) -> Tensor:
    try:
        values = np.asarray(output["data"], dtype=np.float32)
        return values.reshape([int(size) for size in output["shape"]])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("The inference server did not answer as the protocol says.", reason="engine_answer") from error
