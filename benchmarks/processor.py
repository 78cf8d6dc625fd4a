"""Processor time of a server and its database: what an operation costs, however busy the machine is with other things."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from benchmarks.servers import Server

_PARENT = 1  # the field after the state, of what follows the name in /proc/<pid>/stat


def processor_ms(server: Server) -> float:
    """Return the milliseconds that its processes have run so far; those that ended meanwhile are not counted."""
    return sum(_ran_ns(process) for process in _family(server.roots())) / 1e6


def _family(roots: list[int]) -> set[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            children[int((folder / "stat").read_text().rpartition(")")[2].split()[_PARENT])].append(int(folder.name))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        process = waiting.pop()
        found.add(process)
        waiting.extend(children[process])
    return found


def _ran_ns(process: int) -> int:
    total = 0
    for thread in Path(f"/proc/{process}/task").glob("*"):
        with suppress(OSError):
            total += int((thread / "schedstat").read_text().split()[0])
    return total
