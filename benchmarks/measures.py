"""What is measured, each as a function of a server that returns one figure; `store` in instances a second, the rest in ms."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from benchmarks.objects import write_study
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
    command = ["storescu", "-aec", server.ae_title, "+sd", "127.0.0.1", str(server.dicom_port), str(folder)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{server.name} did not take {folder}: {result.stderr[-500:]}")


def timed(ask: Callable[[], httpx.Response], *, times: int) -> float:
    """Return the median time of one request in milliseconds, after one that is not counted."""
    figures = []
    for number in range(times + 1):
        began = time.perf_counter()
        response = ask()
        response.raise_for_status()
        if number:
            figures.append((time.perf_counter() - began) * 1000)
    return statistics.median(figures)


def web_measures(server: Server, ct_study: str, dx_study: str) -> dict[str, float]:
    """Return the medians of the DICOMweb requests a viewer makes, in milliseconds."""
    json_type = {"Accept": "application/dicom+json"}
    stored = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
    with server.client() as client:
        ct_series, ct_instance = _first_instance(client, ct_study)
        dx_series, dx_instance = _first_instance(client, dx_study)
        ct, dx = f"/studies/{ct_study}/series/{ct_series}", f"/studies/{dx_study}/series/{dx_series}"
        requests = {
            "QIDO, a page of 50 studies": ("/studies?limit=50", json_type),
            "QIDO, 200 instances": (f"{ct}/instances?limit=200", json_type),
            "Series metadata, 200 instances": (f"{ct}/metadata", json_type),
            "Frame, CT": (f"{ct}/instances/{ct_instance}/frames/1", stored),
            "Frame, DX of 10 MB": (f"{dx}/instances/{dx_instance}/frames/1", stored),
            "Rendered, DX": (f"{dx}/instances/{dx_instance}/rendered", {"Accept": "image/jpeg"}),
        }
        return {
            name: timed(lambda path=path, headers=headers: client.get(server.web + path, headers=headers), times=7)  # type: ignore[misc]
            for name, (path, headers) in requests.items()
        }


def _first_instance(client: httpx.Client, study: str) -> tuple[str, str]:
    answer = client.get(f"{client.base_url}studies/{study}/instances?limit=1", headers={"Accept": "application/dicom+json"})
    answer.raise_for_status()
    instance = answer.json()[0]
    return str(instance["0020000E"]["Value"][0]), str(instance["00080018"]["Value"][0])
