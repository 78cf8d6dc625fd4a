"""One process of an installation: `python -m negatoscope.app.process ROLE`, started by the supervisor."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import signal
import socket
import sys
import threading

from negatoscope.app.build import build_platform, find_tenant, start_database
from negatoscope.platform.database import Database
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.logs import configure_logs, get_logger
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings, load_settings

PR_SET_PDEATHSIG = 1
# Of glibc's mallopt.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_PIECE_BYTES = 32 << 20
KEPT_BYTES = 64 << 20
# Database connections a process of a role keeps; it may open as many again for a while.
CONNECTIONS = {"web": 16, "dimse": 8, "hl7": 4, "worker": 6}


def platform_of_process(settings: Settings, role: str) -> Platform:
    """Return the engines of this process; the database must have been prepared by 'negatoscope run'."""
    configure_logs(settings.log_level, process=role)
    database = Database(start_database(settings).url, pool_size=CONNECTIONS[role])
    return build_platform(settings, database, find_tenant(database, settings.tenant))


def settle() -> None:
    """Leave what the start has made out of each later search for garbage, which takes 0.12 s over it; imports come first."""
    gc.collect()
    gc.freeze()


def keep_memory() -> None:
    """Keep the memory of a large answer for the next: fresh pages for a frame of 10 MB cost a third of its processor time.

    Where the C library has no such call, nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, KEPT_PIECE_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def run_web(settings: Settings) -> None:
    """Serve the screens and DICOMweb until SIGTERM."""
    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols

    Granian(
        target="negatoscope.app.web:create",
        factory=True,
        address=settings.http_host,
        port=settings.http_port,
        interface=Interfaces.ASGI,
        workers=settings.web_processes,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        ssl_cert=settings.http_certificate,
        ssl_key=settings.http_key,
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve()


def run_dimse(settings: Settings) -> None:
    """Serve the DICOM services until SIGTERM; several such processes share one port."""
    from negatoscope.doors.dimse.server import serve

    platform = platform_of_process(settings, "dimse")
    settle()
    serve(platform)


def run_hl7(settings: Settings) -> None:
    """Serve the HL7 v2 listener until SIGTERM."""
    from negatoscope.doors.hl7.listener import serve

    serve(platform_of_process(settings, "hl7"))


def run_worker(settings: Settings) -> None:
    """Run reactions, periodic work and jobs until SIGTERM."""
    from negatoscope.app.worker import Worker

    platform = platform_of_process(settings, "worker")
    place = hashlib.sha256(f"{socket.gethostname()}{settings.data.resolve()}".encode()).hexdigest()[:12]
    worker = Worker(platform, executor_id=f"worker-{place}")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    worker.start()
    stop.wait()
    worker.stop()
    platform.close()


def die_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent dies, whatever it dies of."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


RUNNERS = {"web": run_web, "dimse": run_dimse, "hl7": run_hl7, "worker": run_worker}


def main() -> int:
    """Run the role named by the first argument; return the exit status."""
    if len(sys.argv) != 2 or sys.argv[1] not in RUNNERS:
        sys.stderr.write(f"usage: python -m negatoscope.app.process {'|'.join(RUNNERS)}\n")
        return 2
    die_with_parent()
    try:
        RUNNERS[sys.argv[1]](load_settings())
    except SettingsError as error:
        get_logger().error("process_not_started", role=sys.argv[1], reason=error.reason)
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
