"""A small real network for tests: it finds bright and dark blobs by convolutions, and draws where they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 64
NAME = "blob-detector"
VERSION = "1.0.0"


def blob_network() -> bytes:
    """Return an ONNX model: contrast of a 9 x 9 box against a 33 x 33 box, both signs, squashed to probabilities."""
    near = np.zeros((2, 1, 33, 33), np.float32)
    near[0, 0, 12:21, 12:21] = 1.0 / 81
    far = np.full((33, 33), 1.0 / 33**2, np.float32)
    near[0, 0] -= far
    near[1] = -near[0]
    nodes = [
        helper.make_node("Pad", ["image", "pads"], ["padded"], mode="edge"),
        helper.make_node("Conv", ["padded", "kernel"], ["contrast"]),
        helper.make_node("Relu", ["contrast"], ["heat"]),
        helper.make_node("GlobalMaxPool", ["heat"], ["strongest"]),
        helper.make_node("Flatten", ["strongest"], ["flat"]),
        helper.make_node("Mul", ["flat", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probabilities"]),
    ]
    weights = [
        numpy_helper.from_array(np.array([0, 0, 16, 16, 0, 0, 16, 16], np.int64), "pads"),
        numpy_helper.from_array(near, "kernel"),
        numpy_helper.from_array(np.array([[40.0, 40.0]], np.float32), "gain"),
        numpy_helper.from_array(np.array([[-6.0, -6.0]], np.float32), "bias"),
    ]
    graph = helper.make_graph(
        nodes,
        NAME,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("heat", TensorProto.FLOAT, [1, 2, SIZE, SIZE]),
        ],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def endless_network() -> bytes:
    """Return an ONNX model with the same input and outputs that would add one for hours before it answers."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["go_on_out"]),
            helper.make_node("Add", ["sum", "sum"], ["sum_out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 1, SIZE, SIZE]),
        ],
        [
            helper.make_tensor_value_info("go_on_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_out", TensorProto.FLOAT, [1, 1, SIZE, SIZE]),
        ],
    )
    nodes = [
        helper.make_node("Loop", ["turns", "", "image"], ["done"], body=body),
        helper.make_node("Concat", ["done", "done"], ["heat"], axis=1),
        helper.make_node("GlobalMaxPool", ["heat"], ["strongest"]),
        helper.make_node("Flatten", ["strongest"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "endless",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("heat", TensorProto.FLOAT, [1, 2, SIZE, SIZE]),
        ],
        [numpy_helper.from_array(np.array(10**12, np.int64), "turns")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def card_of(network: bytes, **changes: object) -> dict[str, object]:
    """Return the card of the network as JSON values, with some fields changed."""
    return {
        "name": NAME,
        "version": VERSION,
        "title": {"fr": "Détecteur de taches (essai)", "en": "Blob detector (test)"},
        "intended_use": {"fr": "Essais du logiciel.", "en": "Tests of the software."},
        "limits": {"fr": "Aucune valeur clinique.", "en": "No clinical value."},
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(network).hexdigest(),
        "input": {
            "name": "image",
            "modalities": ["DX", "CR"],
            "body_parts": ["CHEST"],
            "rows": SIZE,
            "columns": SIZE,
            "fit": "stretch",
        },
        "output": {
            "probabilities": "probabilities",
            "heat_maps": "heat",
            "labels": [
                {
                    "label": "bright_blob",
                    "title": {"fr": "Tache claire", "en": "Bright blob"},
                    "threshold": 0.5,
                    "critical": True,
                },
                {"label": "dark_blob", "title": {"fr": "Tache sombre", "en": "Dark blob"}, "threshold": 0.5},
            ],
        },
    } | changes


def write_models(folder: Path, *, network: bytes | None = None, **changes: object) -> Path:
    """Write a folder of models as an operator does: one folder with card.json and model.onnx, and SHA256SUMS."""
    content = network if network is not None else blob_network()
    place = folder / "blob"
    place.mkdir(parents=True, exist_ok=True)
    card = json.dumps(card_of(content, **changes)).encode()
    (place / "card.json").write_bytes(card)
    (place / "model.onnx").write_bytes(content)
    sums = [
        f"{hashlib.sha256(card).hexdigest()}  blob/card.json",
        f"{hashlib.sha256(content).hexdigest()}  blob/model.onnx",
    ]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    return folder
