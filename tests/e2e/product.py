"""The running product, started as an operator starts it, in a folder of its own on free ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

T = TypeVar("T")
PROGRAM = str(Path(sys.executable).with_name("negatoscope"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pause(seconds: float) -> None:
    """Let a moment pass between two looks at something that another process does."""
    threading.Event().wait(seconds)


@dataclass(slots=True)
class Product:
    """One installation, running or not."""

    folder: Path
    http_port: int
    dicom_port: int
    hl7_port: int
    results_port: int
    process: subprocess.Popen[str] | None = None
    banner: str = ""
    environment_extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def in_folder(cls, folder: Path) -> Product:
        return cls(folder, free_port(), free_port(), free_port(), free_port())

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NEGATOSCOPE_")}
        return {
            **kept,
            "NEGATOSCOPE_DATA": str(self.folder),
            "NEGATOSCOPE_HTTP_PORT": str(self.http_port),
            "NEGATOSCOPE_DICOM_PORT": str(self.dicom_port),
            "NEGATOSCOPE_HL7_PORT": str(self.hl7_port),
            "NEGATOSCOPE_HL7_RESULTS_TO": f"127.0.0.1:{self.results_port}",
            "NEGATOSCOPE_STUDY_QUIET_S": "3",
            **self.environment_extra,
        }

    def start(self, *, demo: bool = True, within_s: float = 180) -> None:
        """Start, and return when the banner says where the doors are."""
        command = [PROGRAM, "run", *(["--demo"] if demo else [])]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment, start_new_session=True
        )
        timer = threading.Timer(within_s, self.process.kill)
        timer.start()
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        timer.cancel()
        self.banner = "".join(lines)
        if "Ctrl-C" not in self.banner:
            raise AssertionError(f"the product did not start:\n{self.banner}\n{self.log()}")

    def stop(self) -> str:
        """Stop as Ctrl-C does; return what was printed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=60)
        if (self.folder / "database" / "postmaster.pid").exists():
            raise AssertionError("the embedded database was left running")
        return output

    def kill(self) -> None:
        """Kill every process of the product at once, as a power cut would, the database included."""
        assert self.process is not None
        pids = [self.process.pid, *descendants(self.process.pid)]
        database = (self.folder / "database" / "postmaster.pid").read_text().split("\n", 1)[0]
        for pid in [*pids, int(database), *descendants(int(database))]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def run(self, *arguments: str, input_text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run one operator's command on this installation."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            input=input_text,
            check=False,
            timeout=300,
        )

    def accounts(self) -> dict[str, dict[str, str]]:
        """Return the demonstration accounts by role: login and password."""
        content = json.loads((self.folder / "demonstration.json").read_text())
        return {str(role): dict(account) for role, account in content["accounts"].items()}

    def token(self, login: str) -> str:
        result = self.run("token", "create", "--user", login)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(base_url=self.root, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def log(self) -> str:
        path = self.folder / "log" / "negatoscope.log"
        return path.read_text()[-20_000:] if path.exists() else ""


def descendants(pid: int) -> list[int]:
    """Return the processes below this one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # the thread ended between the two looks
            continue
        for child in children:
            found += [int(child), *descendants(int(child))]
    return found


def seen_within(look: Callable[[], T | None], *, within_s: float, what: str) -> T:
    """Look again and again until there is something to see, and return it."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        pause(0.05)
    raise AssertionError(f"{what} was not seen within {within_s} s")
