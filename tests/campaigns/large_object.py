"""One object of more than a gigabyte through each door and back, and how much memory its server took for it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from benchmarks.servers import Server
from negatoscope.formats.dicom.files import file_head
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.uids import new_uid
from tests.builders.dicom import a_ct_slice, bare_bytes
from tests.e2e.product import descendants

SIDE: Final = 512
FRAME_BYTES: Final = SIDE * SIDE * 2
MULTI_FRAME: Final = "1.2.840.10008.5.1.4.1.1.7.3"  # Multi-frame Grayscale Word Secondary Capture
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeObject:
    """A Part 10 file of many frames, and the hash of its data set."""

    path: Path
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    frames: int
    frame_sha256: str
    data_set_sha256: str
    data_set_offset: int


@dataclass(frozen=True, slots=True)
class Step:
    """One way in or out: how long it took, how much more memory its server had at its peak, whether every byte was right."""

    name: str
    seconds: float
    growth_bytes: int
    is_right: bool


def write_large_object(path: Path, *, frames: int, seed: int) -> LargeObject:
    """Write the file frame by frame; every frame differs from the others by its first words."""
    data_set = a_ct_slice(rows=1, columns=1, SOPClassUID=MULTI_FRAME, SOPInstanceUID=new_uid(), StudyInstanceUID=new_uid())
    data_set.Rows = data_set.Columns = SIDE
    data_set.NumberOfFrames = frames
    encoded = bare_bytes(data_set)
    head = file_head(
        sop_class_uid=MULTI_FRAME,
        sop_instance_uid=str(data_set.SOPInstanceUID),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
    )
    start = encoded[:-6] + (frames * FRAME_BYTES).to_bytes(4, "little")
    noise = np.random.default_rng(seed).integers(0, 4096, SIDE * SIDE, dtype=np.uint16)
    digest, last = hashlib.sha256(start), b""
    with path.open("wb") as file:
        file.write(head + start)
        for number in range(frames):
            noise[:4] = number % 4096
            last = noise.tobytes()
            digest.update(last)
            file.write(last)
    return LargeObject(
        path=path,
        study_uid=str(data_set.StudyInstanceUID),
        series_uid=str(data_set.SeriesInstanceUID),
        sop_instance_uid=str(data_set.SOPInstanceUID),
        frames=frames,
        frame_sha256=hashlib.sha256(last).hexdigest(),
        data_set_sha256=digest.hexdigest(),
        data_set_offset=len(head),
    )


def measure(server: Server, make: Callable[[int], LargeObject], folder: Path) -> Iterator[Step]:
    """Send one object by C-STORE and another by STOW, and take the first back in each way."""
    sent = make(1)
    yield _watched(server, "C-STORE", lambda: _store(server, sent))
    yield _watched(server, "WADO-RS, instance", lambda: _retrieve(server, sent))
    yield _watched(server, "WADO-RS, last frame", lambda: _frame(server, sent))
    yield _watched(server, "C-GET", lambda: _get(server, sent, folder))
    sent.path.unlink()
    posted = make(2)
    yield _watched(server, "STOW-RS", lambda: _post(server, posted))
    yield _watched(server, "WADO-RS, instance posted", lambda: _retrieve(server, posted))
    posted.path.unlink()


def _watched(server: Server, name: str, act: Callable[[], bool]) -> Step:
    """Do one step while the peak of each process of the server is noted."""
    pids = [pid for parent in server.pids for pid in (parent, *descendants(parent)) if not _is_postgres(pid)]
    before = {}
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        before[pid] = _memory(pid, "VmRSS")
    began = time.monotonic()
    is_right = act()
    seconds = time.monotonic() - began
    return Step(name, seconds, sum(max(0, _memory(pid, "VmHWM") - before[pid]) for pid in pids), is_right)


def _memory(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)


def _is_postgres(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
    except FileNotFoundError:
        return True


def _store(server: Server, sent: LargeObject) -> bool:
    command = ["storescu", "-aec", server.ae_title, "127.0.0.1", str(server.dicom_port), str(sent.path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _get(server: Server, sent: LargeObject, folder: Path) -> bool:
    target = folder / "got"
    target.mkdir()
    keys = ["0008,0052=IMAGE", f"0020,000D={sent.study_uid}", f"0020,000E={sent.series_uid}"]
    keys.append(f"0008,0018={sent.sop_instance_uid}")
    options = [option for key in keys for option in ("-k", key)]
    command = ["getscu", "-S", "+B", "-od", str(target), "-aec", server.ae_title, *options]
    subprocess.run([*command, "127.0.0.1", str(server.dicom_port)], capture_output=True, check=False)
    try:
        files = list(target.iterdir())
        return len(files) == 1 and _ends_in(files[0], sent)
    finally:
        shutil.rmtree(target)


def _ends_in(path: Path, sent: LargeObject) -> bool:
    """Tell whether a file holds the data set behind whatever file meta information its writer chose."""
    size = sent.frames * FRAME_BYTES
    digest = hashlib.sha256()
    with sent.path.open("rb") as original:
        original.seek(sent.data_set_offset)
        header = original.read(sent.path.stat().st_size - size - sent.data_set_offset)
    with path.open("rb") as file:
        file.seek(path.stat().st_size - size - len(header))
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest() == sent.data_set_sha256


def _instance(sent: LargeObject) -> str:
    return f"/studies/{sent.study_uid}/series/{sent.series_uid}/instances/{sent.sop_instance_uid}"


def _post(server: Server, sent: LargeObject) -> bool:
    def body() -> Iterator[bytes]:
        yield b"--large\r\nContent-Type: application/dicom\r\n\r\n"
        with sent.path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
        yield b"\r\n--large--\r\n"

    headers = {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=large',
        "Accept": "application/dicom+json",
    }
    with server.client() as client:
        return client.post("/studies", content=body(), headers=headers, timeout=600).status_code == 200


def _retrieve(server: Server, sent: LargeObject) -> bool:
    """Read the instance and hash what follows the head of the file, to the end of the part."""
    accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    with server.client() as client, client.stream("GET", _instance(sent), headers=accept, timeout=600) as answer:
        return answer.status_code == 200 and _part_hash(answer, sent) == sent.data_set_sha256


def _part_hash(answer: httpx.Response, sent: LargeObject) -> str:
    """Hash the data set in the only part of a multipart answer, holding little of it."""
    digest, left, held = hashlib.sha256(), -1, b""
    size = sent.path.stat().st_size - sent.data_set_offset
    for chunk in answer.iter_bytes(_PIECE_BYTES):
        data = held + chunk if left < 0 else chunk
        if left < 0:
            start = data.find(b"DICM")
            if start < 0 or len(data) < start + 16:
                held = data
                continue
            meta = int.from_bytes(data[start + 12 : start + 16], "little")
            data, left = data[start + 16 + meta :], size
        digest.update(data[:left])
        left -= min(left, len(data))
    return digest.hexdigest()


def _frame(server: Server, sent: LargeObject) -> bool:
    accept = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
    with server.client() as client:
        answer = client.get(f"{_instance(sent)}/frames/{sent.frames}", headers=accept, timeout=600)
    content = answer.content.partition(b"\r\n\r\n")[2][:FRAME_BYTES]
    return answer.status_code == 200 and hashlib.sha256(content).hexdigest() == sent.frame_sha256


def table(steps: dict[str, list[Step]]) -> str:
    """Return what was measured of each server, side by side."""
    names = list(steps)
    lines = [f"| step | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for row in zip(*steps.values(), strict=True):
        cells = [
            f"{step.growth_bytes / 1e6:.0f} MB, {step.seconds:.1f} s{'' if step.is_right else ', NOT right'}" for step in row
        ]
        lines.append(f"| {row[0].name} | {' | '.join(cells)} |")
    return "\n".join(lines)
