"""What is measured of a server: `store` in instances a second, what is asked as its cost in ms."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.finding import associated, find_studies
from benchmarks.objects import write_study
from benchmarks.processor import processor_ms
from benchmarks.servers import Server


def store(server: Server, folder: Path, *, modality: str, count: int, associations: int, seed: int) -> float:
    """Send fresh studies with dcmtk's storescu over so many associations; return acknowledged instances a second."""
    folders = [folder / f"{seed}-{number}" for number in range(associations)]
    for number, target in enumerate(folders):
        write_study(target, modality=modality, count=count, seed=seed * 100 + number)

    began = time.perf_counter()
    with ThreadPoolExecutor(associations) as pool:
        list(pool.map(lambda target: send(server, target), folders))
    return count * associations / (time.perf_counter() - began)


def send(server: Server, folder: Path) -> None:
    """Send the files of a folder over one association with dcmtk's storescu."""
    command = ["storescu", "-aec", server.ae_title, "+sd", "+r", "127.0.0.1", str(server.dicom_port), str(folder)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{server.name} did not take {folder}: {result.stderr[-500:]}")


Ask = Callable[[], object]
_JSON = {"Accept": "application/dicom+json"}
_STORED = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
_OBJECTS = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation took: milliseconds on the clock, and of processor time in the server and its database."""

    wall_ms: float
    processor_ms: float


def timed(server: Server, ask: Ask, *, times: int) -> Cost:
    """Return the median time of one request and its mean processor time, after one that is not counted."""
    ask()
    before = processor_ms(server)
    figures = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        figures.append((time.perf_counter() - began) * 1000)
    return Cost(statistics.median(figures), (processor_ms(server) - before) / times)


def query_measures(server: Server, ct_study: str, dx_study: str) -> dict[str, Cost]:
    """Return what the requests of a viewer and of a work station cost."""
    with server.client() as client, associated(server) as association:
        ct_series, ct_instance = _first_instance(client, ct_study)
        dx_series, dx_instance = _first_instance(client, dx_study)
        ct, dx = f"/studies/{ct_study}/series/{ct_series}", f"/studies/{dx_study}/series/{dx_series}"

        def get(path: str, headers: dict[str, str]) -> Ask:
            return lambda: client.get(server.web + path, headers=headers).raise_for_status()

        asked: dict[str, tuple[Ask, int]] = {
            "QIDO, a page of 50 studies": (get("/studies?limit=50", _JSON), 9),
            "QIDO, 200 instances": (get(f"{ct}/instances?limit=200", _JSON), 9),
            "QIDO, studies by name and dates": (
                get("/studies?PatientName=BANC*&StudyDate=20251201-20260131&limit=25", _JSON),
                9,
            ),
            "C-FIND, studies by name and dates": (
                lambda: find_studies(association, PatientName="BANC^Essai11*", StudyDate="20251201-20260131"),
                9,
            ),
            "Series metadata, 200 instances": (get(f"{ct}/metadata", _JSON), 9),
            "Whole series, CT of 200": (get(ct, _OBJECTS), 3),
            "Frame, CT": (get(f"{ct}/instances/{ct_instance}/frames/1", _STORED), 21),
            "Frame, DX of 10 MB": (get(f"{dx}/instances/{dx_instance}/frames/1", _STORED), 7),
            "Rendered, DX": (get(f"{dx}/instances/{dx_instance}/rendered", {"Accept": "image/jpeg"}), 9),
        }
        return {name: timed(server, ask, times=times) for name, (ask, times) in asked.items()}


def _first_instance(client: httpx.Client, study: str) -> tuple[str, str]:
    answer = client.get(f"{client.base_url}studies/{study}/instances?limit=1", headers=_JSON)
    answer.raise_for_status()
    instance = answer.json()[0]
    return str(instance["0020000E"]["Value"][0]), str(instance["00080018"]["Value"][0])
