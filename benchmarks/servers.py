"""The two archives under test, each started on free ports of the loopback address with an empty folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True, slots=True)
class Server:
    """A running archive."""

    name: str
    dicom_port: int
    ae_title: str
    web: str
    headers: dict[str, str] = field(default_factory=dict)
    pids: tuple[int, ...] = ()
    database: Path | None = None

    def roots(self) -> list[int]:
        """Return the processes from which all its others descend; the database server is one of its own."""
        own = list(self.pids)
        if self.database is not None:
            own.append(int((self.database / "postmaster.pid").read_text().split()[0]))
        return own

    def client(self) -> httpx.Client:
        """Return a client of its DICOMweb root."""
        return httpx.Client(base_url=self.web, headers=self.headers, timeout=120)


def free_port() -> int:
    """Return a port that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def orthanc(folder: Path) -> Iterator[Server]:
    """Run Debian's Orthanc with its DICOMweb plugin, otherwise as installed."""
    dicom_port, http_port = free_port(), free_port()
    folder.mkdir(parents=True)
    configuration = {
        "Name": "bench",
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom_port,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "DicomAlwaysAllowFind": True,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log, _process(["Orthanc", str(file)], log=log.fileno()) as process:
        web = f"http://127.0.0.1:{http_port}/dicom-web"
        _wait_for(f"{web}/studies", process, {})
        yield Server("Orthanc", dicom_port, "ORTHANC", web, pids=(process.pid,))


@contextmanager
def negatoscope(folder: Path) -> Iterator[Server]:
    """Run the product in an empty data folder, as `negatoscope run` starts it."""
    ports = {name: free_port() for name in ("HTTP_PORT", "DICOM_PORT", "HL7_PORT")}
    folder.mkdir(parents=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NEGATOSCOPE_")},
        "NEGATOSCOPE_DATA": str(folder),
        "NEGATOSCOPE_DEMONSTRATION": "true",
        **{f"NEGATOSCOPE_{name}": str(port) for name, port in ports.items()},
    }
    program = str(Path(sys.executable).with_name("negatoscope"))
    with (
        (folder / "bench.log").open("wb") as log,
        _process([program, "run"], log=log.fileno(), environment=environment) as process,
    ):
        root = f"http://127.0.0.1:{ports['HTTP_PORT']}"
        _wait_for(f"{root}/health", process, {})
        subprocess.run(
            [
                program,
                "user",
                "create",
                "bench",
                "--name",
                "Bench",
                "--role",
                "radiologist",
                "--role",
                "administrator",
                "--password-stdin",
            ],
            input="correct-horse-battery-staple-bench",
            text=True,
            env=environment,
            check=True,
            capture_output=True,
        )
        token = subprocess.run(
            [program, "token", "create", "--user", "bench"], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}
        web, database = f"{root}/dicom-web", folder / "database"
        yield Server("Négatoscope", ports["DICOM_PORT"], "NEGATOSCOPE", web, headers, pids=(process.pid,), database=database)


@contextmanager
def _process(command: list[str], *, log: int, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], headers: dict[str, str]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with status {process.returncode} before it answered")
        try:
            if httpx.get(address, headers=headers, timeout=2).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"{address} did not answer")
