"""What searching and storing cost as the archive grows: `make bench-million`, or `python -m benchmarks.million --sizes N N …`."""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from pynetdicom.association import Association

from benchmarks.filling import FAMILY_NAMES, SYLLABLES, fill, patient_of, study_uid
from benchmarks.finding import associated, find_studies
from benchmarks.measures import store
from benchmarks.servers import Server, negatoscope
from negatoscope.platform.embedded import EmbeddedServer

SIZES: Final = (10_000, 100_000, 1_000_000)
TIMES: Final = 25
SMALLEST: Final = 10_000
STORING: Final = "C-STORE, CT, 2 associations"
BYTES_A_STUDY: Final = 12_000
_JSON: Final = {"Accept": "application/dicom+json"}

Ask = Callable[[random.Random], int]
"""Ask one question about something drawn at random; return the number of matches."""


def questions(client: httpx.Client, web: str, association: Association) -> dict[str, Ask]:
    """Return what is asked: by DICOMweb as screens do, in pages of 50, and by C-FIND as work stations do, whole."""

    def qido(path: str, **keys: str) -> int:
        response = client.get(web + path, params=keys, headers=_JSON)
        response.raise_for_status()
        return len(response.json()) if response.content else 0

    def c_find(**keys: str) -> int:
        return find_studies(association, **keys)

    return {
        "QIDO, the 50 newest studies": lambda _: qido("/studies", limit="50"),
        "QIDO, one patient": lambda rng: qido("/studies", PatientID=_patient(rng)),
        "QIDO, one accession number": lambda rng: qido("/studies", AccessionNumber=f"A{rng.randrange(SMALLEST)}"),
        "QIDO, one modality of a week": lambda rng: qido(
            "/studies", StudyDate=_days(rng, 7), ModalitiesInStudy="CT", limit="50"
        ),
        "QIDO, one rare modality, newest": lambda _: qido("/studies", ModalitiesInStudy="MG", limit="50"),
        "QIDO, a common family name": lambda rng: qido("/studies", PatientName=f"{rng.choice(FAMILY_NAMES)}*", limit="50"),
        "QIDO, a rare family name": lambda rng: qido("/studies", PatientName=f"{_rare(rng)}*", limit="50"),
        "QIDO, a part of a name": lambda rng: qido("/studies", PatientName=f"*{rng.choice(FAMILY_NAMES)[1:]}*", limit="50"),
        "QIDO, a rare part of a name": lambda rng: qido("/studies", PatientName=f"*{_rare(rng)[1:]}^*", limit="50"),
        "QIDO, the series of a study": lambda rng: qido(f"/studies/{study_uid(rng.randrange(SMALLEST))}/series"),
        "C-FIND, one patient": lambda rng: c_find(PatientID=_patient(rng)),
        "C-FIND, one accession number": lambda rng: c_find(AccessionNumber=f"A{rng.randrange(SMALLEST)}"),
        "C-FIND, one modality of a day": lambda rng: c_find(StudyDate=_days(rng, 1), ModalitiesInStudy="CT"),
        "C-FIND, a family name of a week": lambda rng: c_find(
            PatientName=f"{rng.choice(FAMILY_NAMES)}*", StudyDate=_days(rng, 7)
        ),
    }


def _patient(rng: random.Random) -> str:
    return f"P{patient_of(rng.randrange(SMALLEST), first=0, last=SMALLEST)}"


def _rare(rng: random.Random) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(3))


def _days(rng: random.Random, count: int) -> str:
    last = datetime.now(UTC).date() - timedelta(days=rng.randrange(1, 25))
    return f"{last - timedelta(days=count - 1):%Y%m%d}-{last:%Y%m%d}"


def measure(server: Server, folder: Path, seed: int) -> dict[str, float]:
    """Return the median time of each question in ms, and the rate of storing in instances a second."""
    figures: dict[str, float] = {}
    with server.client() as client, associated(server) as association:
        for name, ask in questions(client, server.web, association).items():
            rng = random.Random(1)
            ask(rng)
            figures[name] = statistics.median(_timed(ask, rng) for _ in range(TIMES))
    figures[STORING] = storing(server, folder, seed)
    return figures


def storing(server: Server, folder: Path, seed: int) -> float:
    """Return the rate of storing into the archive as it is, in instances a second."""
    rates = [store(server, folder, modality="CT", count=40, associations=2, seed=seed * 10 + number) for number in range(3)]
    return statistics.median(rates)


def _timed(ask: Ask, rng: random.Random) -> float:
    began = time.perf_counter()
    ask(rng)
    return (time.perf_counter() - began) * 1000


def table(by_size: dict[int, dict[str, float]]) -> str:
    """Return the figures as Markdown; the last column compares the largest archive with the smallest."""
    sizes = list(by_size)
    lines = [
        f"| measure | {' | '.join(f'{size:,} studies' for size in sizes)} | largest to smallest |",
        "| --- |" + " --- |" * (len(sizes) + 1),
    ]
    for name in by_size[sizes[-1]]:
        values = [by_size[size][name] for size in sizes if name in by_size[size]]
        unit = "/s" if name.startswith("C-STORE") else " ms"
        shown = [f"{by_size[size][name]:.1f}{unit}" if name in by_size[size] else "" for size in sizes]
        lines.append(f"| {name} | {' | '.join(shown)} | {values[-1] / values[0]:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Fill, measure at each size, print, and leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    sizes = sorted(parser.parse_args().sizes)
    with tempfile.TemporaryDirectory(prefix="nego-million-") as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < sizes[-1] * BYTES_A_STUDY:
            raise SystemExit(f"{sizes[-1] * BYTES_A_STUDY / 1e9:.0f} GB must be free in {folder.parent}")
        folder.chmod(0o755)
        with negatoscope(folder / "data") as server:
            address = EmbeddedServer(folder / "data" / "database").start()
            by_size: dict[int, dict[str, float]] = {0: {STORING: storing(server, folder / "objects", 0)}}
            filled = 0
            for number, size in enumerate(sizes, start=1):
                fill(address, filled, size)
                filled = size
                by_size[size] = measure(server, folder / "objects", number)
                print(f"{datetime.now(UTC):%H:%M:%S} {size:,} studies measured", flush=True)
    print(table(by_size))


if __name__ == "__main__":
    main()
