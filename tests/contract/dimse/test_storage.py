"""C-STORE with real peers: each transfer syntax arrives bit for bit, and nothing is acknowledged that is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import uid
from sqlalchemy import func, select

from negatoscope.archive import study_store
from negatoscope.archive.tables import instances
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.pdu import PduType
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.platform.blobs.port import BlobStore, BlobWriter
from negatoscope.platform.errors import OutOfResources
from negatoscope.platform.runtime import Platform
from tests.builders.associations import EXPLICIT, a_message, a_request
from tests.builders.compressed import CODECS, a_compressed_image
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes, part10_bytes
from tests.contract.dimse.conftest import RawPeer
from tests.contract.dimse.peers import run_dcmtk, send

DX = "1.2.840.10008.5.1.4.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
MIB = 1024 * 1024


def kept(platform: Platform, sop_instance_uid: str) -> tuple[str, bytes]:
    """Return transfer syntax and data set of an instance as the archive keeps them."""
    with platform.database.read(platform.tenant) as tx:
        instance = study_store.find_instance(tx, sop_instance_uid)
    assert instance is not None
    with platform.blobs.open(instance.blob) as reader:
        return instance.transfer_syntax_uid, b"".join(reader.chunks(instance.data_set_offset))


def count_kept(platform: Platform) -> int:
    with platform.database.read(platform.tenant) as tx:
        return tx.execute(select(func.count()).select_from(instances)).scalar_one()


def quarantine_reasons(platform: Platform) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        return [held.reason for held in study_store.list_quarantine(tx)]


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian])
def test_native_pixels_arrive_bit_for_bit(platform: Platform, port: int, syntax: str) -> None:
    image = a_dx_image(rows=600, columns=500)
    sent = bare_bytes(image, syntax)
    assert send(port, image, syntax) == 0x0000
    assert kept(platform, image.SOPInstanceUID) == (syntax, sent)


@pytest.mark.parametrize("syntax", CODECS)
def test_compressed_pixels_arrive_bit_for_bit(platform: Platform, port: int, syntax: str) -> None:
    image = a_compressed_image(syntax, rows=120, columns=100)
    sent = bare_bytes(image, syntax)
    assert send(port, image, syntax) == 0x0000
    assert kept(platform, image.SOPInstanceUID) == (syntax, sent)


DCMTK: dict[str, str] = {
    uid.ImplicitVRLittleEndian: "-xi",
    uid.ExplicitVRLittleEndian: "-xe",
    uid.JPEGBaseline8Bit: "-xy",
    uid.JPEGLosslessSV1: "-xs",
    uid.JPEGLSLossless: "-xt",
    uid.JPEGLSNearLossless: "-xu",
    uid.JPEG2000Lossless: "-xv",
    uid.JPEG2000: "-xw",
}


@pytest.mark.parametrize("syntax", DCMTK)
def test_storescu_of_dcmtk_is_answered_with_success(platform: Platform, port: int, tmp_path: Path, syntax: str) -> None:
    image = a_compressed_image(syntax) if syntax in CODECS else a_dx_image()
    path = tmp_path / "image.dcm"
    path.write_bytes(part10_bytes(image, syntax))
    output = run_dcmtk("storescu", "-v", "-R", DCMTK[syntax], "-aec", "NEGATOSCOPE", "127.0.0.1", str(port), str(path))
    assert "Received Store Response (Success)" in output
    assert kept(platform, image.SOPInstanceUID)[0] == syntax


def test_many_slices_on_one_association_are_all_kept(platform: Platform, port: int, tmp_path: Path) -> None:
    first = a_ct_slice(rows=512, columns=512)
    folder = tmp_path / "to-send"
    folder.mkdir()
    for number in range(20):
        image = a_ct_slice(rows=512, columns=512, InstanceNumber=number, StudyInstanceUID=first.StudyInstanceUID)
        (folder / f"{number}.dcm").write_bytes(part10_bytes(image))
    run_dcmtk("storescu", "+sd", "-xe", "-R", "-aec", "NEGATOSCOPE", "127.0.0.1", str(port), str(folder))
    assert count_kept(platform) == 20


def test_the_same_object_twice_is_success_and_one_object(platform: Platform, port: int) -> None:
    image = a_dx_image()
    assert [send(port, image, EXPLICIT) for _ in range(2)] == [0x0000, 0x0000]
    assert count_kept(platform) == 1


def test_other_bytes_under_a_known_uid_are_refused_and_change_nothing(platform: Platform, port: int) -> None:
    image = a_dx_image()
    sent = bare_bytes(image)
    other = a_dx_image(photometric="MONOCHROME1")
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(other, keyword, getattr(image, keyword))
    assert send(port, image, EXPLICIT) == 0x0000
    assert send(port, other, EXPLICIT) == 0xC003
    assert kept(platform, image.SOPInstanceUID)[1] == sent


class RawStore:
    """A peer that stores by hand, so that command and data set may disagree."""

    def __init__(self, peer: RawPeer, *, abstract_syntax: str = DX) -> None:
        self.peer = peer
        peer.send(encode_pdu(a_request((abstract_syntax, (EXPLICIT,)))))
        answer = peer.receive_pdu()
        assert answer is not None
        assert answer[0] == PduType.ASSOCIATE_AC

    def message(self, content: bytes, sop_instance_uid: str, *, sop_class_uid: str = DX) -> bytes:
        command = Command(
            command_field=CommandField.C_STORE_RQ,
            message_id=1,
            affected_sop_class_uid=sop_class_uid,
            affected_sop_instance_uid=sop_instance_uid,
            priority=0,
            data_set_type=DATA_SET_FOLLOWS,
        )
        return a_message(command, content)

    def status(self) -> int | None:
        unit = self.peer.receive_pdu()
        assert unit is not None
        assert unit[0] == PduType.DATA_TF
        return decode_command(unit[1][6:]).status


@pytest.fixture
def raw_store(port: int, connect: Callable[[int], RawPeer]) -> RawStore:
    return RawStore(connect(port))


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"sop_instance_uid": "1.2.3.4"}, 0xA900, "uid_mismatch"),
        ({"content_cut": 100}, 0xC000, "truncated"),
        ({"Rows": 65}, 0xC002, "pixel_size_mismatch"),
    ],
)
def test_what_the_gate_refuses_has_its_status_and_stays_in_quarantine(
    platform: Platform, raw_store: RawStore, change: dict[str, object], status: int, reason: str
) -> None:
    image = a_dx_image()
    sop_instance_uid = str(change.get("sop_instance_uid", image.SOPInstanceUID))
    if "Rows" in change:
        image.Rows = change["Rows"]
    content = bare_bytes(image)
    if "content_cut" in change:
        content = content[: -int(str(change["content_cut"]))]
    raw_store.peer.send(raw_store.message(content, sop_instance_uid))
    assert raw_store.status() == status
    assert count_kept(platform) == 0
    assert quarantine_reasons(platform) == [reason]


def test_another_class_than_that_of_the_context_is_refused(platform: Platform, raw_store: RawStore) -> None:
    image = a_ct_slice()
    raw_store.peer.send(raw_store.message(bare_bytes(image), image.SOPInstanceUID, sop_class_uid=CT))
    assert raw_store.status() == 0xA900
    assert count_kept(platform) == 0


def test_after_a_refused_object_the_association_goes_on(platform: Platform, raw_store: RawStore) -> None:
    refused, good = a_dx_image(), a_dx_image()
    raw_store.peer.send(raw_store.message(bare_bytes(refused)[:-8], refused.SOPInstanceUID))
    assert raw_store.status() == 0xC000
    raw_store.peer.send(raw_store.message(bare_bytes(good), good.SOPInstanceUID))
    assert raw_store.status() == 0x0000
    assert count_kept(platform) == 1


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.999])
def test_an_object_cut_by_the_end_of_the_connection_leaves_nothing(
    platform: Platform, serve: Callable[..., int], connect: Callable[[int], RawPeer], share: float
) -> None:
    port = serve(Limits(buffered_bytes=64 * 1024))
    raw = RawStore(connect(port))
    image = a_dx_image(rows=1000, columns=500)
    message = raw.message(bare_bytes(image), image.SOPInstanceUID)
    raw.peer.send(message[: int(len(message) * share) + 20])
    raw.peer.close()
    after = a_dx_image()
    assert send(port, after, EXPLICIT) == 0x0000
    assert count_kept(platform) == 1
    assert quarantine_reasons(platform) == []


def test_the_same_object_from_several_peers_at_once_is_kept_once_and_success_for_each(
    platform: Platform, port: int, connect: Callable[[int], RawPeer]
) -> None:
    image = a_dx_image(rows=300, columns=300)
    peers = [RawStore(connect(port)) for _ in range(5)]
    message = peers[0].message(bare_bytes(image), image.SOPInstanceUID)
    for raw in peers:
        raw.peer.send(message)
    assert [raw.status() for raw in peers] == [0x0000] * 5
    assert count_kept(platform) == 1


class GuardedBlobs:
    """The real store, behind a gate that tests open, and full when they say so."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self.is_open = threading.Event()
        self.is_full = False

    def begin(self) -> BlobWriter:
        self.is_open.wait(60)
        if self.is_full:
            raise OutOfResources("Storage is full.", reason="storage_full")
        return self._store.begin()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def send_until_it_stalls(peer: RawPeer, message: memoryview) -> int:
    """Send until the other side has read nothing for a second; return how much it took."""
    peer.socket.settimeout(1)
    taken = 0
    try:
        while taken < len(message):
            taken += peer.socket.send(message[taken : taken + 65536])
    except TimeoutError:
        pass
    return taken


def test_a_disk_that_lags_stops_the_reading_and_not_the_memory(
    platform: Platform, serve: Callable[..., int], connect: Callable[[int], RawPeer]
) -> None:
    blobs = GuardedBlobs(platform.blobs)
    port = serve(Limits(buffered_bytes=2 * MIB), blobs=blobs)
    raw = RawStore(connect(port))
    image = a_dx_image(rows=4000, columns=4000)
    message = memoryview(raw.message(bare_bytes(image), image.SOPInstanceUID))
    taken = send_until_it_stalls(raw.peer, message)
    assert taken < 16 * MIB, "what the queue and the socket buffers hold"
    blobs.is_open.set()
    raw.peer.socket.settimeout(60)
    raw.peer.send(bytes(message[taken:]))
    assert raw.status() == 0x0000
    assert kept(platform, image.SOPInstanceUID)[1] == bare_bytes(image)


def test_a_full_disk_is_out_of_resources_and_heals_by_itself(
    platform: Platform, serve: Callable[..., int], connect: Callable[[int], RawPeer]
) -> None:
    blobs = GuardedBlobs(platform.blobs)
    blobs.is_open.set()
    blobs.is_full = True
    raw = RawStore(connect(serve(blobs=blobs)))
    image = a_dx_image(rows=1500, columns=1000)
    raw.peer.send(raw.message(bare_bytes(image), image.SOPInstanceUID))
    assert raw.status() == 0xA700
    assert count_kept(platform) == 0
    blobs.is_full = False
    raw.peer.send(raw.message(bare_bytes(image), image.SOPInstanceUID))
    assert raw.status() == 0x0000
    assert count_kept(platform) == 1
