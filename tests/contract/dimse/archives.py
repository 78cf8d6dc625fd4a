"""Two other archives as controls, each on a free port of the loopback address with an empty folder: Orthanc and dcmqrscp."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STARTS_WITHIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where an archive listens."""

    name: str
    port: int
    ae_title: str


def is_installed(name: str) -> bool:
    """Tell whether the control is on this machine."""
    return shutil.which({"Orthanc": "Orthanc", "dcmqrscp": "dcmqrscp"}[name]) is not None


@contextmanager
def orthanc(folder: Path, viewer_port: int) -> Iterator[Archive]:
    """Run Orthanc as installed, with VIEWER as the one modality that it knows."""
    port = free_port()
    configuration = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "HttpServerEnabled": False,
        "DicomModalities": {"VIEWER": ["VIEWER", "127.0.0.1", viewer_port]},
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    with _running(["Orthanc", str(file)], port, folder):
        yield Archive(name="Orthanc", port=port, ae_title="ORTHANC")


@contextmanager
def dcmqrscp(folder: Path, viewer_port: int) -> Iterator[Archive]:
    """Run the query and retrieval server of dcmtk, with VIEWER as the one peer that it knows."""
    port = free_port()
    objects = folder / "objects"
    objects.mkdir()
    file = folder / "dcmqrscp.cfg"
    file.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nviewer = (VIEWER, 127.0.0.1, {viewer_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nCONTROL {objects} RW (200, 1024mb) ANY\nAETable END\n"
    )
    with _running(["dcmqrscp", "-c", str(file), str(port)], port, folder):
        yield Archive(name="dcmqrscp", port=port, ae_title="CONTROL")


def free_port() -> int:
    """Return a port that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_until_it_listens(process, port)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended before it listened"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"{process.args!r} does not listen")
