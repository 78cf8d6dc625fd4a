"""Kill -9 under load, again and again; whatever was acknowledged must be there, byte for byte, and nothing half-written.

Each strike kills the DICOM process, the web server, PostgreSQL or all of them, at a random moment or at one of the
failpoints of the write path. What was acknowledged is read back after the strike, out of the row and the encrypted file;
at the end everything is read back once more through the DICOMweb door.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy.exc import DBAPIError

from negatoscope.archive.model import Instance
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.study_store import list_known_instances
from negatoscope.archive.verify import kept_pages, rehash
from negatoscope.audit.sealing import seal_pending
from negatoscope.audit.verification import verify_chain
from negatoscope.formats.dicom.file_meta import PREAMBLE_LENGTH
from negatoscope.platform.errors import CorruptObject, Unavailable
from negatoscope.platform.failpoints import FAILPOINTS
from tests.campaigns.installation import Installation
from tests.campaigns.senders import Load, StorageSender, StowSender
from tests.campaigns.sent_objects import Maker, SentObject
from tests.e2e.product import pause

STORAGE_SENDERS: Final = 3
LONGEST_LIFE_S: Final = 0.25
FAILPOINT_WAIT_S: Final = 2.0
PAGE: Final = 500
READ_THROUGH_THE_DOOR: Final = 2000
WEB_EVERY, DATABASE_EVERY, ALL_EVERY = 12, 10, 40


@dataclass(slots=True)
class Tally:
    """What a campaign has done so far; kept in its folder, so that it can go on another day."""

    kills: int = 0
    sent: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    lost: int = 0
    seconds: float = 0.0
    by_place: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """Return it for people, with the bound that the rule of three gives on what can be lost."""
        places = ", ".join(f"{name} {count}" for name, count in sorted(self.by_place.items()))
        bound = 3 / self.acknowledged if self.acknowledged else 1.0
        return (
            f"{self.kills} kills in {self.seconds / 60:.1f} min ({places}).\n"
            f"{self.acknowledged} objects acknowledged, {self.unanswered} attempts without an answer, {self.lost} lost or altered; "
            f"95 % bound {bound:.1e} an object.\n"
        )


class Campaign:
    """One folder, its tally and its ledger of what was acknowledged."""

    def __init__(self, folder: Path, seed: int, say: Callable[[str], object]) -> None:
        self._folder = folder
        self._say = say
        folder.mkdir(parents=True, exist_ok=True)
        self._tally_file, self._ledger_file = folder / "tally.json", folder / "acknowledged.tsv"
        self.tally = Tally(**json.loads(self._tally_file.read_text())) if self._tally_file.exists() else Tally()
        self._random = random.Random(seed + self.tally.kills)
        self._lock = threading.Lock()
        self._fresh: list[tuple[str, str]] = []
        self._ledger = self._ledger_file.open("a", encoding="ascii")
        # Objects in flight when an earlier campaign stopped have numbers that the tally may not know.
        self.maker = Maker(seed, first=self.tally.sent + 1000 if self.tally.sent else 0)
        self.installation = Installation.open(folder / "data")
        self._load = Load(self.maker, self.acknowledge, self._examine)

    def run(self, kills: int) -> None:
        """Strike until the tally says so many kills, then read everything back; AssertionError at the first loss."""
        began, earlier = time.monotonic(), self.tally.seconds
        try:
            self.installation.start_dimse()
            self.installation.start_web()
            for _ in range(STORAGE_SENDERS):
                self._load.begin(StorageSender(self.installation.dicom_port))
            self._load.begin(StowSender(self.installation.web_port, self.installation.token))
            while self.tally.kills < kills:
                self._strike()
                self.tally.seconds = earlier + time.monotonic() - began
                self._keep()
            self._load.stop()
            self._raise_faults()
            self.check_fresh()
            self._check_everything()
        finally:
            self._keep()
            self.close()

    def close(self) -> None:
        """Stop every process; the folder stays."""
        self._ledger.close()
        self.installation.close()

    def _strike(self) -> None:
        turn = self.tally.kills + 1
        at_failpoint = self._random.random() < 0.5
        failpoint = self._random.choice(FAILPOINTS) if at_failpoint else None
        if turn % ALL_EVERY == 0:
            self._kill_all()
        elif turn % DATABASE_EVERY == 0:
            pause(self._random.uniform(0, LONGEST_LIFE_S))
            self.installation.kill_database()
            self._count("database")
        elif turn % WEB_EVERY == 0:
            self._kill_web(failpoint)
        else:
            self._kill_dimse(failpoint)
        self.check_fresh()
        self._raise_faults()
        if self.tally.kills % 50 == 0:
            self._say(self.tally.text())

    def _kill_dimse(self, failpoint: str | None) -> None:
        """Let a DICOM process that was armed at its start die; a new one is started at once."""
        armed = f"{failpoint}:{self._random.randint(1, 12)}" if failpoint else None
        if armed is not None:
            self.installation.kill_dimse()
            self.installation.start_dimse(armed)
            self._count("dimse random")
            died = self.installation.kill_dimse(within_s=FAILPOINT_WAIT_S)
        else:
            pause(self._random.uniform(0, LONGEST_LIFE_S))
            died = self.installation.kill_dimse()
        self._count(f"dimse {failpoint}" if died and failpoint else "dimse random")
        self.installation.start_dimse()

    def _kill_web(self, failpoint: str | None) -> None:
        if failpoint is not None:
            self.installation.kill_web()
            self._count("web random")
            self.installation.start_web(f"{failpoint}:{self._random.randint(1, 12)}")
        died = self.installation.kill_web(within_s=FAILPOINT_WAIT_S if failpoint else self._random.uniform(0, LONGEST_LIFE_S))
        self._count(f"web {failpoint}" if died and failpoint else "web random")
        self.installation.start_web()

    def _kill_all(self) -> None:
        pause(self._random.uniform(0, LONGEST_LIFE_S))
        self.installation.kill_dimse()
        self.installation.kill_web()
        self.installation.kill_database()
        self._count("all at once")
        self.installation.start_dimse()
        self.installation.start_web()

    def _count(self, place: str) -> None:
        self.tally.kills += 1
        self.tally.by_place[place] = self.tally.by_place.get(place, 0) + 1

    def acknowledge(self, sent: SentObject) -> None:
        """Note that the product answered for this object."""
        with self._lock:
            self._ledger.write(f"{sent.study_uid}\t{sent.sop_instance_uid}\t{sent.sha256}\n")
            self._fresh.append((sent.sop_instance_uid, sent.sha256))
            self.tally.acknowledged += 1
            self.tally.sent = max(self.tally.sent, int(sent.sop_instance_uid[6:]))

    def _examine(self, sent: SentObject) -> None:
        """Look at an object that was never answered for: it is either absent or whole."""
        with self._lock:
            self.tally.unanswered += 1
        found = self._find([sent.sop_instance_uid])
        if sent.sop_instance_uid in found:
            self._check(found[sent.sop_instance_uid], sent.sha256)

    def check_fresh(self) -> None:
        """Read back what was acknowledged since the last strike."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
        self._check_objects(fresh)

    def _check_objects(self, objects: list[tuple[str, str]]) -> None:
        found = self._find([uid for uid, _ in objects])
        for uid, sha256 in objects:
            if uid not in found:
                self._lose(f"{uid} was acknowledged and is not there")
            else:
                self._check(found[uid], sha256)

    def _check(self, instance: Instance, sha256: str) -> None:
        digest = hashlib.sha256()
        try:
            with self.installation.platform.blobs.open(instance.blob) as reader:
                start = instance.data_set_offset
                for chunk in reader.chunks(start, reader.size - start):
                    digest.update(chunk)
        except CorruptObject as error:
            self._lose(f"{instance.sop_instance_uid}: {error.reason}")
        if digest.hexdigest() != sha256:
            self._lose(f"{instance.sop_instance_uid} has other bytes than were sent")

    def _find(self, uids: list[str]) -> dict[str, Instance]:
        """Return the rows of these objects, once the database answers."""
        platform = self.installation.platform
        deadline = time.monotonic() + 60
        while True:
            try:
                with platform.database.read(platform.tenant) as tx:
                    return {str(uid): instance for uid, instance in list_known_instances(tx, uids).items()}
            except (Unavailable, DBAPIError):
                if time.monotonic() > deadline:
                    raise
                pause(0.05)

    def _lose(self, what: str) -> None:
        self.tally.lost += 1
        raise AssertionError(what)

    def _raise_faults(self) -> None:
        for failure in self._load.failures:
            raise failure

    def _check_everything(self) -> None:
        """Read back all that was ever acknowledged; some of it through the door; then rows, files and trail must agree."""
        self._ledger.flush()
        lines = [line.split("\t") for line in self._ledger_file.read_text("ascii").splitlines()]
        for start in range(0, len(lines), PAGE):
            page = {uid: sha256 for _, uid, sha256 in lines[start : start + PAGE]}
            self._check_objects(list(page.items()))
        root = f"http://127.0.0.1:{self.installation.web_port}/dicom-web"
        headers = {"Authorization": f"Bearer {self.installation.token}", "Accept": "application/dicom;transfer-syntax=*"}
        sample = self._random.sample(lines, min(len(lines), READ_THROUGH_THE_DOOR))
        with httpx.Client(headers=headers, timeout=60) as client:
            for study, uid, sha256 in sample:
                answer = client.get(f"{root}/studies/{study}/series/{study.replace('2.25.2', '2.25.3')}/instances/{uid}")
                if answer.status_code != 200 or not _holds(answer.content, sha256):
                    self._lose(f"{uid} is not given back as it was sent (status {answer.status_code})")
        self._say(f"{len(lines)} acknowledged objects read back, {len(sample)} of them through the DICOMweb door.\n")
        self._check_agreement()

    def _check_agreement(self) -> None:
        platform = self.installation.platform
        report = rehash(platform)
        if report.damaged:
            self._lose(f"rows without their objects: {report.damaged[:5]}")
        swept = sweep_orphans(platform)
        rows = {kept.blob.key for page in kept_pages(platform) for kept in page}
        files = {key for key, _ in platform.blobs.list_keys()}
        assert rows <= files
        seal_pending(platform.database, platform.clock)
        with platform.database.read(platform.tenant) as tx:
            faults = verify_chain(tx)
        assert faults == []
        self._say(
            f"{report.checked} rows, each with its object; {len(files - rows)} files without a row, "
            f"which the sweep takes after a day ({swept} taken); the audit chain holds.\n"
        )

    def _keep(self) -> None:
        with self._lock:
            self._ledger.flush()
            self._tally_file.write_text(json.dumps(asdict(self.tally)))


def _holds(body: bytes, sha256: str) -> bool:
    """Tell whether an answer, multipart or not, carries a Part 10 file with the data set of this hash."""
    start = body.index(b"DICM") - PREAMBLE_LENGTH
    end = len(body)
    if body.startswith((b"--", b"\r\n--")):
        end = body.rindex(b"\r\n--")
    file = body[start:end]
    meta_length = int.from_bytes(file[140:144], "little")
    return hashlib.sha256(file[144 + meta_length :]).hexdigest() == sha256
