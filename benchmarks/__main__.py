"""Print the table: `python -m benchmarks [--rounds N] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measures import query_measures, send, store
from benchmarks.objects import write_study
from benchmarks.servers import Server, negatoscope, orthanc
from benchmarks.viewer import first_pixel, list_delay

STORES = (
    ("C-STORE, CT, 1 association", "CT", 100, 1),
    ("C-STORE, CT, 4 associations", "CT", 50, 4),
    ("C-STORE, DX, 1 association", "DX", 6, 1),
    ("C-STORE, DX, 4 associations", "DX", 4, 4),
)
STUDIES_BEFORE = 60
"""Small studies that are there before, so that a page of 50 is one."""
PROCESSOR = "processor time: "
Figures = dict[str, dict[str, list[float]]]


def measure(servers: list[Server], folder: Path, rounds: int) -> Figures:
    """Measure each server in turn, round by round; return the figures by measure and server."""
    figures: Figures = defaultdict(lambda: defaultdict(list))
    ct = write_study(folder / "ct", modality="CT", count=200, seed=1)
    dx = write_study(folder / "dx", modality="DX", count=2, seed=2)
    for number in range(STUDIES_BEFORE):
        write_study(folder / "before" / str(number), modality="CT", count=1, seed=100 + number)
    for server in servers:
        for name in ("ct", "dx", "before"):
            send(server, folder / name)
    for number in range(rounds):
        for server in servers:
            for name, modality, count, associations in STORES:
                seed = 1000 + number * 50 + servers.index(server) * 10 + associations
                figures[name][server.name].append(
                    store(
                        server,
                        folder / "store" / modality,
                        modality=modality,
                        count=count,
                        associations=associations,
                        seed=seed,
                    )
                )
            for name, cost in query_measures(server, ct, dx).items():
                figures[name][server.name].append(cost.wall_ms)
                figures[PROCESSOR + name][server.name].append(cost.processor_ms)
            if server.name == "Négatoscope":
                figures["First full 16-bit DX in Chromium, cold page"][server.name].append(first_pixel(server, dx))
                figures["Row on an open reading list, after the answer to C-STORE"][server.name].append(
                    list_delay(server, folder / "live" / str(number), seed=9000 + number)
                )
    return figures


def tables(figures: Figures) -> str:
    """Return what the clock said, then what the processor said."""
    clock = {name: values for name, values in figures.items() if not name.startswith(PROCESSOR)}
    processor = {name.removeprefix(PROCESSOR): values for name, values in figures.items() if name.startswith(PROCESSOR)}
    return f"{table(clock)}\n\nProcessor time of the server and its database, for one request:\n\n{table(processor)}"


def table(figures: Figures) -> str:
    """Return the figures as Markdown: median (least to most), and how many times better ours is."""
    lines = ["| measure | Négatoscope | Orthanc | ratio |", "| --- | --- | --- | --- |"]
    for name, by_server in figures.items():
        ours, theirs = by_server["Négatoscope"], by_server.get("Orthanc")
        unit = "/s" if name.startswith("C-STORE") else " ms"
        ratio = ""
        if theirs:
            better = statistics.median(ours) / statistics.median(theirs)
            ratio = f"{better if unit == '/s' else 1 / better:.1f} x"
        lines.append(f"| {name} | {_shown(ours, unit)} | {_shown(theirs, unit) if theirs else 'not measured'} | {ratio} |")
    return "\n".join(lines)


def _shown(figures: list[float], unit: str) -> str:
    digits = 0 if statistics.median(figures) >= 100 else 1
    return f"{statistics.median(figures):.{digits}f}{unit} ({min(figures):.{digits}f} to {max(figures):.{digits}f})"


def main() -> None:
    """Run both servers, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nego-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with orthanc(folder / "orthanc") as theirs, negatoscope(folder / "ours") as ours:
            figures = measure([theirs, ours], folder / "objects", arguments.rounds)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {arguments.rounds} rounds in turn.\n"
    )
    print(tables(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
