"""Start the processes of an installation, keep them running, stop them cleanly.

The processes hold no state: each can be killed at any time. They die with their supervisor, even with kill -9 (the
kernel sends the signal), so that no port stays taken by an orphan.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from negatoscope.platform.errors import SettingsError
from negatoscope.platform.logs import get_logger
from negatoscope.platform.settings import Settings

ROLES = ("web", "dimse", "hl7", "worker")
SECURED_DICOM = "dimse over TLS"
STOP_S = 20.0
START_S = 60.0
LEAST_RESTART_S = 1.0
LONGEST_RESTART_S = 30.0


@dataclass(slots=True)
class _Child:
    role: str
    process: subprocess.Popen[bytes]
    started_at: float
    failures: int = 0
    restart_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """The parent of the processes of one machine."""

    settings: Settings
    roles: tuple[str, ...]
    environment: Mapping[str, str]
    _children: list[_Child] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start each role, and return when every door answers. Raise SettingsError when one does not within a minute."""
        check_ports(self.settings, self.roles)
        for role in self.roles:
            for _ in range(processes_of(self.settings, role)):
                self._children.append(self._spawn(role))
        deadline = time.monotonic() + START_S
        waiting = dict(doors_of(self.settings, self.roles))
        while waiting and not self._stop.is_set():
            for name, address in list(waiting.items()):
                if answers(address):
                    del waiting[name]
            dead = [child.role for child in self._children if child.process.poll() is not None]
            if dead or time.monotonic() > deadline:
                self.stop()
                names = ", ".join(dead or waiting)
                raise SettingsError(
                    f"These parts did not start: {names}. The log is {log_file(self.settings)}.", reason="not_started"
                )
            self._stop.wait(0.05)

    def watch(self) -> None:
        """Restart what dies, with growing waits, until `request_stop`."""
        while not self._stop.wait(0.2):
            now = time.monotonic()
            for index, child in enumerate(self._children):
                if child.process.poll() is None:
                    continue
                if child.restart_at is None:
                    child.failures = 0 if now - child.started_at > 60 else child.failures + 1
                    child.restart_at = now + min(LEAST_RESTART_S * 2 ** (child.failures - 1), LONGEST_RESTART_S)
                    get_logger().error("process_died", role=child.role, status=child.process.returncode)
                elif now >= child.restart_at:
                    self._children[index] = self._spawn(child.role, failures=child.failures)

    def request_stop(self) -> None:
        """Let `start` or `watch` return; safe in a signal handler."""
        self._stop.set()

    def stop(self) -> None:
        """Ask each process to finish what it does, then kill those that take too long."""
        self._stop.set()
        for child in self._children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_S
        for child in self._children:
            try:
                child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                get_logger().error("process_killed", role=child.role)
                child.process.kill()
                child.process.wait()

    def _spawn(self, role: str, *, failures: int = 0) -> _Child:
        log = log_file(self.settings)
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "negatoscope.app.process", role],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return _Child(role, process, time.monotonic(), failures)


def processes_of(settings: Settings, role: str) -> int:
    """Return how many processes of a role share one port. The web server has its own workers."""
    if role != "dimse":
        return 1
    return settings.dicom_processes or min(os.cpu_count() or 1, 4)


def log_file(settings: Settings) -> Path:
    """Return the file that receives the logs of every process of this installation."""
    return settings.data / "log" / "negatoscope.log"


def doors_of(settings: Settings, roles: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    """Return the address of each door that these roles open, by the name of the door."""
    doors = {
        "web": (settings.http_host, settings.http_port),
        "dimse": (settings.dicom_host, settings.dicom_port),
        "hl7": (settings.hl7_host, settings.hl7_port),
    }
    found = {role: address for role, address in doors.items() if role in roles}
    if "dimse" in roles and settings.dicom_tls_certificate is not None:
        found[SECURED_DICOM] = (settings.dicom_tls_host, settings.dicom_tls_port)
    return found


def check_ports(settings: Settings, roles: tuple[str, ...]) -> None:
    """Raise SettingsError naming the setting of the first port that somebody else holds."""
    names = {
        "web": "NEGATOSCOPE_HTTP_PORT",
        "dimse": "NEGATOSCOPE_DICOM_PORT",
        SECURED_DICOM: "NEGATOSCOPE_DICOM_TLS_PORT",
        "hl7": "NEGATOSCOPE_HL7_PORT",
    }
    for role, (host, port) in doors_of(settings, roles).items():
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise SettingsError(
                    f"Port {port} on {host} cannot be opened ({error.strerror}); set {names[role]} to a free one.",
                    reason="port_taken",
                ) from error


def answers(address: tuple[str, int]) -> bool:
    """Return whether something accepts connections there."""
    try:
        with socket.create_connection(address, timeout=0.5):
            return True
    except OSError:
        return False
