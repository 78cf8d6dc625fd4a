"""One suite for both engines: ONNX Runtime in the sandbox, and a KServe v2 server."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from negatoscope.ai.card import parse_card
from negatoscope.ai.catalogue import InstalledModel
from negatoscope.ai.engines.kserve import KserveEngine
from negatoscope.ai.engines.no_network import forbid_network
from negatoscope.ai.engines.onnx_worker import OnnxWorkerEngine
from negatoscope.ai.engines.port import Engine
from negatoscope.ai.preparation import prepare
from negatoscope.ai.reading_outputs import read_outcomes
from negatoscope.platform.errors import CorruptObject, Refused, Unavailable
from negatoscope.platform.sandbox import Sandbox
from tests.builders.blob_model import NAME, VERSION, blob_network, card_of, endless_network
from tests.builders.kserve_server import serving


@pytest.fixture(scope="module")
def network() -> bytes:
    """Return the test network."""
    return blob_network()


@pytest.fixture
def model(network: bytes, tmp_path: Path) -> InstalledModel:
    """Return the test network as an installed model."""
    file = tmp_path / "model.onnx"
    file.write_bytes(network)
    return InstalledModel(parse_card(json.dumps(card_of(network)).encode()), file)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Return a sandbox that is closed at the end."""
    made = Sandbox(processes=1)
    yield made
    made.close()


@pytest.fixture(params=["onnxruntime", "kserve"])
def engine(request: pytest.FixtureRequest, network: bytes, sandbox: Sandbox) -> Iterator[Engine]:
    """Return each engine in turn."""
    if request.param == "onnxruntime":
        yield OnnxWorkerEngine(sandbox)
        return
    with serving(NAME, VERSION, network) as url:
        yield KserveEngine(url)


def picture(*, blob_at: tuple[int, int] | None, value: float = 1.0) -> np.ndarray:
    """Return a grey picture of 200 rows and 100 columns with a square blob of 20 x 20 centred at (column, row)."""
    grey = np.full((200, 100), 0.4, np.float32)
    if blob_at is not None:
        column, row = blob_at
        grey[row - 10 : row + 10, column - 10 : column + 10] = value
    return grey


def test_blob_is_found_where_it_is(engine: Engine, model: InstalledModel) -> None:
    tensor, placement = prepare(picture(blob_at=(60, 140)), model.card.input)
    bright, dark = read_outcomes(model.card, engine.infer(model, tensor), placement)
    assert bright.reached
    assert bright.region is not None
    columns, rows = [x for x, _ in bright.region], [y for _, y in bright.region]
    assert min(columns) < 60 < max(columns)
    assert min(rows) < 140 < max(rows)
    assert max(rows) - min(rows) < 60
    assert not dark.reached
    assert dark.region is None


def test_dark_blob_is_told_from_a_bright_one(engine: Engine, model: InstalledModel) -> None:
    tensor, placement = prepare(picture(blob_at=(30, 60), value=0.0), model.card.input)
    _, dark = read_outcomes(model.card, engine.infer(model, tensor), placement)
    assert dark.reached


def test_same_tensor_gives_the_same_outputs_twice(engine: Engine, model: InstalledModel) -> None:
    tensor, _ = prepare(picture(blob_at=(60, 140)), model.card.input)
    first, second = engine.infer(model, tensor), engine.infer(model, tensor)
    assert {name: value.tobytes() for name, value in first.items()} == {name: value.tobytes() for name, value in second.items()}


def test_tensor_of_another_shape_is_refused(engine: Engine, model: InstalledModel) -> None:
    with pytest.raises(Refused):
        engine.infer(model, np.zeros((1, 1, 8, 8), np.float32))


def test_both_engines_agree(network: bytes, sandbox: Sandbox, model: InstalledModel) -> None:
    tensor, _ = prepare(picture(blob_at=(60, 140)), model.card.input)
    with serving(NAME, VERSION, network) as url:
        remote = KserveEngine(url).infer(model, tensor)
    local = OnnxWorkerEngine(sandbox).infer(model, tensor)
    assert remote.keys() == local.keys()
    for name, value in local.items():
        np.testing.assert_allclose(remote[name], value, atol=1e-6)


def test_file_exchanged_after_a_run_stops_the_next_one(network: bytes, sandbox: Sandbox, model: InstalledModel) -> None:
    engine = OnnxWorkerEngine(sandbox)
    tensor, _ = prepare(picture(blob_at=(60, 140)), model.card.input)
    first = engine.infer(model, tensor)
    model.file.write_bytes(network + b"\x00")
    with pytest.raises(CorruptObject) as refusal:
        engine.infer(model, tensor)
    assert refusal.value.reason == "model_hash"
    model.file.write_bytes(network)
    assert engine.infer(model, tensor).keys() == first.keys()


def test_other_file_than_that_of_the_card_is_never_loaded(network: bytes, sandbox: Sandbox, model: InstalledModel) -> None:
    model.file.write_bytes(network[:-1] + bytes([network[-1] ^ 1]))
    card = model.card.model_copy(update={"sha256": hashlib.sha256(b"never seen before").hexdigest()})
    with pytest.raises(CorruptObject) as refused:
        OnnxWorkerEngine(sandbox).infer(replace(model, card=card), np.zeros((1, 1, 64, 64), np.float32))
    assert refused.value.reason == "model_hash"


def test_file_that_is_no_model_is_refused(sandbox: Sandbox, model: InstalledModel) -> None:
    model.file.write_bytes(b"not a network")
    card = model.card.model_copy(update={"sha256": hashlib.sha256(b"not a network").hexdigest()})
    with pytest.raises(CorruptObject) as refused:
        OnnxWorkerEngine(sandbox).infer(replace(model, card=card), np.zeros((1, 1, 64, 64), np.float32))
    assert refused.value.reason == "model_unreadable"


def test_model_that_takes_too_long_is_killed(sandbox: Sandbox, model: InstalledModel) -> None:
    endless = endless_network()
    model.file.write_bytes(endless)
    card = model.card.model_copy(update={"sha256": hashlib.sha256(endless).hexdigest()})
    engine = OnnxWorkerEngine(sandbox, timeout_s=2.0)
    with pytest.raises(Refused) as refused:
        engine.infer(replace(model, card=card), np.zeros((1, 1, 64, 64), np.float32))
    assert refused.value.reason == "sandbox_timeout"


def test_model_gets_no_more_memory_than_allowed(sandbox: Sandbox, model: InstalledModel) -> None:
    engine = OnnxWorkerEngine(sandbox, memory_bytes=300 << 20)
    with pytest.raises(Refused):
        engine.infer(model, np.zeros((1, 1, 16384, 16384), np.float32))


def _open_socket() -> str:
    forbid_network()
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except PermissionError:
        return "refused"
    return "opened"


def test_worker_cannot_open_a_socket() -> None:
    own = Sandbox(processes=1)
    try:
        assert own.run(_open_socket) == "refused"
    finally:
        own.close()


def test_absent_server_may_be_asked_again(model: InstalledModel) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable):
        KserveEngine(f"http://127.0.0.1:{port}").infer(model, np.zeros((1, 1, 64, 64), np.float32))


def test_server_without_the_version_is_told_apart(network: bytes, model: InstalledModel) -> None:
    with serving(NAME, "2.0.0", network) as url, pytest.raises(Refused) as refused:
        KserveEngine(url).infer(model, np.zeros((1, 1, 64, 64), np.float32))
    assert refused.value.reason == "model_missing"
