"""A small inference server for tests: it speaks the KServe v2 protocol over HTTP and runs ONNX Runtime behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import onnxruntime


@contextmanager
def serving(name: str, version: str, network: bytes) -> Iterator[str]:
    """Serve one model on a free loopback port; yield the address."""
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    path = f"/v2/models/{name}/versions/{version}/infer"

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path != path:
                self._answer(404, {"error": "unknown model"})
                return
            inputs = {item["name"]: np.array(item["data"], np.float32).reshape(item["shape"]) for item in body["inputs"]}
            wanted = [item["name"] for item in body["outputs"]]
            try:
                values = session.run(wanted, inputs)
            except Exception as error:  # the runtime raises many types; the protocol knows one answer
                self._answer(400, {"error": type(error).__name__})
                return
            outputs = [
                {"name": key, "shape": list(value.shape), "datatype": "FP32", "data": value.ravel().tolist()}
                for key, value in zip(wanted, values, strict=True)
            ]
            self._answer(200, {"model_name": name, "model_version": version, "outputs": outputs})

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the test output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
