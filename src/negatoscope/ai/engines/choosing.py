"""Which engine runs the models of this installation."""

from __future__ import annotations

from negatoscope.ai.engines.kserve import KserveEngine
from negatoscope.ai.engines.onnx_worker import OnnxWorkerEngine
from negatoscope.ai.engines.port import Engine
from negatoscope.platform.runtime import Platform


def engine_of(platform: Platform) -> Engine:
    """Return the remote engine when the settings name a server, the local worker otherwise."""
    if platform.settings.inference_url is not None:
        return KserveEngine(platform.settings.inference_url)
    return OnnxWorkerEngine(platform.sandbox)
