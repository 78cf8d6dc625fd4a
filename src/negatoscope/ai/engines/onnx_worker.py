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

# What tells a file that was written again: device, inode, size, moment of the last change.
Stamp = tuple[int, int, int, int]

# Only in the worker: the sessions it keeps, by hash of the model, each with the stamp of the file whose bytes were checked;
# and whether it is cut off from the network.
_sessions: OrderedDict[str, tuple[Any, Stamp]] = OrderedDict()
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
    """Return the session of a model; the file is read and hashed again whenever it was written since."""
    stamp = _stamp(path)
    session, checked = _sessions.pop(sha256, (None, None))
    if session is None or checked != stamp:
        content = read_model_file(path, sha256)
        session = session or _load(content)
    _sessions[sha256] = (session, stamp)
    while len(_sessions) > MOST_SESSIONS:
        _sessions.popitem(last=False)
    return session


def _stamp(path: Path) -> Stamp:
    try:
        seen = path.stat()
    except OSError as error:
        raise CorruptObject("The model file cannot be read.", reason="model_unreadable") from error
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_ctime_ns


def _load(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises a dozen types of its own; each means the same to us
        raise CorruptObject("The model file cannot be loaded.", reason="model_unreadable") from error
