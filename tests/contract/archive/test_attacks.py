"""Attacks with objects, through the archive's one way in; that every door takes this way is tested beside the doors."""

from __future__ import annotations

import pickle
import re
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from negatoscope.archive.find import FindQuery, Level, find
from negatoscope.archive.importing import import_path
from negatoscope.archive.metadata import series_metadata
from negatoscope.archive.model import HeldInstance, Outcome
from negatoscope.archive.study_store import find_instance, list_conflicts, list_quarantine
from negatoscope.formats.dicom.files import file_head
from negatoscope.formats.dicom.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist, store_bytes, store_data_set
from tests.builders.dicom import CT_IMAGE, a_ct_slice, a_dx_image, bare_bytes, element, identity_elements, part10_bytes
from tests.paths import ROOT

MIB = 1 << 20


def a_file(data_set: bytes, *, uid: str = "1.2.3.41", syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    return file_head(sop_class_uid=CT_IMAGE, sop_instance_uid=uid, transfer_syntax_uid=syntax) + data_set


def held(platform: Platform) -> list[HeldInstance]:
    with platform.database.read(platform.tenant) as tx:
        return list_quarantine(tx)


def found_by(platform: Platform, **filters: str) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        answers = find(tx, archivist(platform), FindQuery(level=Level.IMAGE, filters=filters))
    return [str(answer.SOPInstanceUID) for answer in answers]


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def refused_for(platform: Platform, data: bytes) -> str:
    """Store a file that must be refused: it is held whole with reason and hash, and no row of an image names it."""
    stored = store_bytes(platform, data)
    (one,) = held(platform)
    assert stored.outcome is Outcome.QUARANTINED
    assert (one.reason, len(one.sha256)) == (stored.refusal, 64)
    with platform.database.read(platform.tenant) as tx:
        assert find_instance(tx, "1.2.3.41") is None
    return one.reason


def test_attack_01_a_small_file_that_inflates_to_300_mb_is_refused_in_little_memory(platform: Platform) -> None:
    store_bytes(platform, part10_bytes(a_ct_slice()))
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    large = element(0x7FE00010, b"OW", b"", length=300 * MIB)
    parts = [deflater.compress(identity_elements() + large), *(deflater.compress(bytes(MIB)) for _ in range(300))]
    bomb = b"".join([*parts, deflater.flush()])
    assert len(bomb) < MIB
    before = peak_bytes()
    assert refused_for(platform, a_file(bomb, syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)) == "inflate_limit"
    assert peak_bytes() - before < 64 * MIB


def test_attack_03_a_thousand_nested_sequences_are_refused_without_recursion(platform: Platform) -> None:
    inner = b""
    for _ in range(1000):
        item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + b"\xfe\xff\x0d\xe0\0\0\0\0"
        inner = element(0x00400275, b"SQ", item + b"\xfe\xff\xdd\xe0\0\0\0\0", length=0xFFFFFFFF)
    assert refused_for(platform, a_file(identity_elements() + inner)) == "depth_limit"


def test_attack_05_a_length_of_two_gigabytes_with_three_bytes_behind_is_a_truncation(platform: Platform) -> None:
    pixels = element(0x7FE00010, b"OW", b"abc", length=0x7FFFFFF0)
    assert refused_for(platform, a_file(identity_elements() + pixels)) == "truncated"


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (element(0x00280010, b"UL", (65537).to_bytes(4, "little")), "wrong_vr"),
        (element(0x00280010, b"US", b"\xff\xff"), "pixel_size_mismatch"),
        (element(0x00280010, b"US", b"\0\0"), "bad_pixel_description"),
    ],
)
def test_attack_06_rows_that_lie_are_refused(platform: Platform, forged: bytes, reason: str) -> None:
    data = bare_bytes(a_ct_slice(SOPInstanceUID="1.2.3.41")).replace(element(0x00280010, b"US", b"\x20\0"), forged)
    assert refused_for(platform, a_file(data)) == reason


def test_attack_06_pixels_beyond_those_described_are_marked(platform: Platform) -> None:
    data = bare_bytes(a_ct_slice(SOPInstanceUID="1.2.3.41", Rows=31))
    stored = store_bytes(platform, a_file(data))
    assert (stored.outcome, stored.warnings) == (Outcome.STORED, ("pixel_data_padded",))


def test_attack_10_a_patient_named_twice_is_found_under_neither_name(platform: Platform) -> None:
    twice = element(0x00100020, b"LO", b"AAAA") + element(0x00100020, b"LO", b"BBBB")
    data = identity_elements().replace(element(0x00100020, b"LO", b"AAAA"), twice)
    assert refused_for(platform, a_file(data)) == "duplicate_tag"
    assert found_by(platform, PatientID="AAAA") == found_by(platform, PatientID="BBBB") == []


def test_attack_11_an_executable_in_the_preamble_is_not_kept(platform: Platform) -> None:
    image = a_dx_image()
    stored = store_bytes(platform, part10_bytes(image, preamble=b"MZ" + b"\x90" * 126))
    assert "preamble_not_zero" in stored.warnings
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, str(image.SOPInstanceUID))
    assert instance is not None
    with platform.blobs.open(instance.blob) as reader:
        assert reader.read(0, 132) == bytes(128) + b"DICM"


@pytest.mark.parametrize("uid", [b"1.2/../../x\0", b"1." + b"2" * 63 + b"\0", b"1.02.3", b"", b"1..2", b"..\\..\\x\0"])
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_attack_16_a_uid_that_is_none_is_refused_and_no_path_comes_of_it(platform: Platform, keyword: str, uid: bytes) -> None:
    reason = refused_for(platform, a_file(identity_elements(**{keyword: uid})))
    assert reason in {"bad_uid", "missing_uid", "uid_mismatch"}
    files = [path for path in platform.settings.data.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[0-9a-f]{32}|keyring\.json", path.name) for path in files)


def test_attack_17_other_bytes_under_a_known_uid_are_kept_beside_and_never_in_place(platform: Platform) -> None:
    first, other = a_ct_slice(), a_ct_slice()
    other.SOPInstanceUID, other.StudyInstanceUID = first.SOPInstanceUID, first.StudyInstanceUID
    other.SeriesInstanceUID = first.SeriesInstanceUID
    other.PixelData = bytes(len(other.PixelData))
    assert store_data_set(platform, first).outcome is Outcome.STORED
    with platform.database.read(platform.tenant) as tx:
        before = find_instance(tx, str(first.SOPInstanceUID))
    assert store_data_set(platform, other).outcome is Outcome.CONFLICT
    assert store_data_set(platform, first).outcome is Outcome.DUPLICATE
    with platform.database.read(platform.tenant) as tx:
        assert find_instance(tx, str(first.SOPInstanceUID)) == before
        assert len(list_conflicts(tx)) == 1


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        (b"ISO 2022 IR 87\\GARBAGE", b"\x1b$B;3ED\x1b(B^TARO "),
        (b"ISO_IR 192", b"\xff\xfe\xc3^\x80 "),
        (b"ISO_IR 100", b"\x1b$)C\x1b[31m^X "),
        (b"NONSENSE", b"\xe9\xe8^X "),
    ],
)
def test_attack_19_a_name_that_cannot_be_read_is_stored_shown_and_found_by_its_identifier(
    platform: Platform, character_set: bytes, name: bytes
) -> None:
    image = a_ct_slice(PatientID="ODD-19")
    data = bare_bytes(image)
    for tag, vr, sent in ((0x00080005, b"CS", character_set), (0x00100010, b"PN", name)):
        value = sent + b" " * (len(sent) % 2)
        old = re.search(re.escape(element(tag, vr, b"")[:6]), data)
        assert old is not None
        length = int.from_bytes(data[old.end() : old.end() + 2], "little")
        data = data[: old.start()] + element(tag, vr, value) + data[old.end() + 2 + length :]
    uid = str(image.SOPInstanceUID)
    assert store_bytes(platform, a_file(data, uid=uid)).outcome is Outcome.STORED
    assert found_by(platform, PatientID="ODD-19") == [uid]
    with platform.database.read(platform.tenant) as tx:
        (answer,) = find(
            tx, archivist(platform), FindQuery(level=Level.STUDY, filters={"PatientID": "ODD-19"}, with_defaults=True)
        )
    assert "\x1b" not in str(answer.get("PatientName", ""))
    shown = series_metadata(
        platform, archivist(platform), study_uid=str(image.StudyInstanceUID), bulk_data_root="http://localhost"
    )
    assert b"ODD-19" in shown


class Trap:
    """What runs when somebody unpickles it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('a pickle was loaded')",)


FORBIDDEN = (
    r"\b(import (pickle|dill|joblib|shelve|marshal)|from (pickle|dill|joblib) |yaml\.(unsafe_)?load\b|allow_pickle=True)"
)


def sources() -> Iterator[Path]:
    yield from (ROOT / "src").rglob("*.py")


def test_attack_22_no_pickle_is_ever_loaded(platform: Platform, tmp_path: Path) -> None:
    assert [path.name for path in sources() if re.search(FORBIDDEN, path.read_text(encoding="utf-8"))] == []
    assert re.search(FORBIDDEN, "import pickle\nnumpy.load(f, allow_pickle=True)")
    with pytest.raises(SystemExit):
        pickle.loads(pickle.dumps(Trap()))
    disc = tmp_path / "disc"
    disc.mkdir()
    (disc / "model.pkl").write_bytes(pickle.dumps(Trap()))
    (disc / "image.dcm").write_bytes(bytes(128) + b"DICM" + pickle.dumps(Trap()))
    report = import_path(platform, archivist(platform), disc)
    assert (report.stored, report.skipped, report.quarantined) == (0, 1, 1)
