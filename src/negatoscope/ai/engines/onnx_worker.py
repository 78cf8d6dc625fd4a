"""ONNX Runtime in a worker process of its own: killed when late, bounded in memory, without network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from negatoscope.ai.catalogue import InstalledModel, read_model_file
from negatoscope.ai.engines.no_network import forbid_network
from negatoscope.ai.engines.port import INFERENCE_TIMEOUT_S, Tensor, wanted_outputs
from negatoscope.platform.errors import CorruptObject, Refused
from negatoscope.platform.sandbox import Sandbox

MEMORY_BYTES = 3 << 30
THREADS = 2
MOST_SESSIONS = 2

# Only in the worker: the sessions it keeps, by hash of the model, and whether it is cut off from the network.
_sessions: OrderedDict[str, Any] = OrderedDict()
_isolated: list[bool] = []


class OnnxWorkerEngine:
    """Run models with ONNX Runtime inside the sandbox."""

    name = "onnxruntime"

    def __init__(self, sandbox: Sandbox, *, timeout_s: float = INFERENCE_TIMEOUT_S, memory_bytes: int = MEMORY_BYTES) -> None:
        self._sandbox = sandbox
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes

    def infer(self, model: InstalledModel, tensor: Tensor) -> Mapping[str, Tensor]:
        """Return the outputs that the card names."""
        return self._sandbox.run(
            run_session,
            str(model.file),
            model.card.sha256,
            model.card.input.name,
            tensor,
            wanted_outputs(model),
            timeout_s=self._timeout_s,
            memory_bytes=self._memory_bytes,
        )


def run_session(path: str, sha256: str, input_name: str, tensor: Tensor, outputs: list[str]) -> dict[str, Tensor]:
    """Run one inference. Called in the worker process, once for each tensor."""
    if not _isolated:
        forbid_network()
        _isolated.append(True)
    session = _session(Path(path), sha256)
    known = {item.name for item in session.get_outputs()}
    if {item.name for item in session.get_inputs()} != {input_name} or not known.issuperset(outputs):
        raise Refused("The model does not have the inputs and outputs of its card.", reason="model_shape")
    values = session.run(outputs, {input_name: tensor})
    return {name: np.asarray(value, dtype=np.float32) for name, value in zip(outputs, values, strict=True)}


def _session(path: Path, sha256: str) -> Any:
    found = _sessions.get(sha256)
    if found is not None:
        _sessions.move_to_end(sha256)
        return found
    content = read_model_file(path, sha256)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises a dozen types of its own; each means the same to us
        raise CorruptObject("The model file cannot be loaded.", reason="model_unreadable") from error
    _sessions[sha256] = session
    while len(_sessions) > MOST_SESSIONS:
        _sessions.popitem(last=False)
    return session
