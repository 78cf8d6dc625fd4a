"""The same bytes get the same verdict at every door: C-STORE, STOW and import."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from negatoscope.archive.importing import import_path
from negatoscope.archive.study_store import find_instance, list_quarantine
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.doors.dimse.server import serving
from negatoscope.formats.dicom.files import file_head
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist
from tests.builders.associations import a_message, a_request
from tests.builders.dicom import CT_IMAGE, a_ct_slice, bare_bytes, element, encoded_as, identity_elements
from tests.contract.dicomweb.conftest import Door
from tests.contract.dimse.conftest import RawPeer

Post = Callable[..., httpx.Response]
Verdict = tuple[str, ...]
DOORS = ("dimse", "stow", "import")

_numbers = itertools.count(1)


def uid_of(door: str) -> str:
    """Return a new UID of the same length for each door."""
    return f"1.2.{DOORS.index(door) + 4}.{next(_numbers) + 100_000}"


def a_slice(uid: str, declared_rows: int = 32) -> bytes:
    return bare_bytes(a_ct_slice(SOPInstanceUID=uid, Rows=declared_rows))


def by_hand(uid: str, *more: bytes, **replaced: bytes) -> bytes:
    return identity_elements(SOPInstanceUID=uid.encode() + b"\0" * (len(uid) % 2), **replaced) + b"".join(more)


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + b"\xfe\xff\x0d\xe0\0\0\0\0"
        inner = element(0x00400275, b"SQ", item + b"\xfe\xff\xdd\xe0\0\0\0\0", length=0xFFFFFFFF)
    return inner


def mutated(uid: str, seed: int) -> bytes:
    """Return a slice with some bytes of its header changed, never those of its identity."""
    data = bytearray(a_slice(uid))
    start = data.index(b"\x28\0\x02\0")
    chooser = random.Random(seed)
    for _ in range(3):
        data[chooser.randrange(start, start + 90)] = chooser.randrange(256)
    return bytes(data)


CASES: dict[str, Callable[[str], bytes]] = {
    "a slice": a_slice,
    "no pixels": by_hand,
    "private elements": lambda uid: by_hand(uid, element(0x00290010, b"LO", b"MAKER "), element(0x00291001, b"UN", b"\1\2")),
    "truncated pixels": lambda uid: a_slice(uid)[:-9],
    "a length beyond the end": lambda uid: by_hand(uid, element(0x7FE00010, b"OW", b"abc", length=0x7FFFFFF0)),
    "nested a thousand times": lambda uid: by_hand(uid, nested(1000)),
    "the patient twice": lambda uid: by_hand(uid).replace(
        element(0x00100020, b"LO", b"AAAA"), element(0x00100020, b"LO", b"AAAA") + element(0x00100020, b"LO", b"BBBB")
    ),
    "rows of 32 bits": lambda uid: a_slice(uid).replace(
        element(0x00280010, b"US", b"\x20\0"), element(0x00280010, b"UL", b"\x20\0\0\0")
    ),
    "pixels of another size": lambda uid: a_slice(uid, declared_rows=33),
    "a study UID with a path": lambda uid: by_hand(uid, StudyInstanceUID=b"1.2/../../x\0"),
    "a study UID of 66 characters": lambda uid: by_hand(uid, StudyInstanceUID=b"1." + b"2" * 64),
    "a study UID with a leading zero": lambda uid: by_hand(uid, StudyInstanceUID=b"1.02.3"),
    "no series UID": lambda uid: by_hand(uid, SeriesInstanceUID=b""),
    "a command group in the data set": lambda uid: element(0x00000002, b"UI", b"1.2\0") + by_hand(uid),
    "an unknown VR": lambda uid: by_hand(uid, element(0x00400275, b"ZZ", b"ab")),
    "a wrong character set": lambda uid: a_slice(uid).replace(b"ISO_IR 192", b"ISO_IR\\XYZ"),
    **{f"mutation {seed}": lambda uid, seed=seed: mutated(uid, seed) for seed in range(12)},  # type: ignore[misc]  # bound by default value
}


def compressed(syntax: str) -> Callable[[str], bytes]:
    return lambda uid: bare_bytes(encoded_as(a_ct_slice(SOPInstanceUID=uid), syntax), syntax)


SYNTAX_CASES: dict[tuple[str, str], Callable[[str], bytes]] = {
    **{(EXPLICIT_VR_LITTLE_ENDIAN, name): make for name, make in CASES.items()},
    (IMPLICIT_VR_LITTLE_ENDIAN, "implicit"): lambda uid: bare_bytes(a_ct_slice(SOPInstanceUID=uid), IMPLICIT_VR_LITTLE_ENDIAN),
    (IMPLICIT_VR_LITTLE_ENDIAN, "explicit called implicit"): a_slice,
    (JPEG_LS_LOSSLESS, "JPEG-LS"): compressed(JPEG_LS_LOSSLESS),
    (RLE_LOSSLESS, "RLE"): compressed(RLE_LOSSLESS),
    (JPEG_LS_LOSSLESS, "native called JPEG-LS"): a_slice,
    (JPEG_LS_LOSSLESS, "RLE called JPEG-LS"): compressed(RLE_LOSSLESS),
}


class Associations:
    """One association for each transfer syntax, opened when first needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._peers: dict[str, RawPeer] = {}

    def store(self, uid: str, data: bytes, syntax: str) -> None:
        if syntax not in self._peers:
            peer = self._peers[syntax] = RawPeer(self._port)
            peer.send(encode_pdu(a_request((CT_IMAGE, (syntax,)))))
            assert peer.receive_pdu() is not None
        command = Command(
            command_field=CommandField.C_STORE_RQ,
            message_id=1,
            affected_sop_class_uid=CT_IMAGE,
            affected_sop_instance_uid=uid,
            priority=0,
            data_set_type=DATA_SET_FOLLOWS,
        )
        self._peers[syntax].send(a_message(command, data))
        assert self._peers[syntax].receive_pdu() is not None

    def close(self) -> None:
        for peer in self._peers.values():
            peer.close()


@pytest.fixture
def associations(platform: Platform) -> Iterator[Associations]:
    with serving(platform) as port:
        opened = Associations(port)
        yield opened
        opened.close()


def verdict_of(platform: Platform, uid: str, seen: set[str]) -> Verdict:
    """Return what became of an object: the warnings of its row, or why it is held."""
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, uid)
        new = [held for held in list_quarantine(tx, limit=1000) if held.held_id not in seen]
    seen |= {held.held_id for held in new}
    if instance is not None:
        return ("stored", instance.transfer_syntax_uid, *sorted(instance.warnings))
    return ("held", *(held.reason for held in new))


def test_every_object_has_one_verdict_at_three_doors(
    door: Door, post: Post, associations: Associations, tmp_path: Path
) -> None:
    seen: set[str] = set()
    verdicts: dict[str, list[Verdict]] = {}
    for (syntax, name), make in SYNTAX_CASES.items():
        for way in DOORS:
            uid = uid_of(way)
            data = make(uid)
            file = file_head(sop_class_uid=CT_IMAGE, sop_instance_uid=uid, transfer_syntax_uid=syntax) + data
            if way == "dimse":
                associations.store(uid, data, syntax)
            elif way == "stow":
                assert post(file).status_code in {200, 409}
            else:
                (tmp_path / "file.dcm").write_bytes(file)
                import_path(door.platform, archivist(door.platform), tmp_path / "file.dcm")
            verdicts.setdefault(name, []).append(verdict_of(door.platform, uid, seen))
    assert {name: found for name, found in verdicts.items() if len(set(found)) != 1} == {}
    assert verdicts["a slice"][0] == ("stored", EXPLICIT_VR_LITTLE_ENDIAN)
    assert verdicts["nested a thousand times"][0] == ("held", "depth_limit")
    assert len({found[0] for found in verdicts.values()}) >= 10
