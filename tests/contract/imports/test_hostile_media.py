"""Attacks 13 and 14: hostile directories and hostile ZIPs. Nothing outside is read, nothing is exhausted, the rest comes in."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from negatoscope.archive.importing import import_path
from negatoscope.archive.imports.entries import MOST_DIRECTORY_BYTES, MOST_ENTRIES, open_zip
from negatoscope.formats.dicom.media_listing import is_inside, read_listing
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist
from tests.builders.dicom import a_dx_image, part10_bytes
from tests.builders.media import a_directory, a_zip

OUTSIDE = (
    ["..", "..", "ETC", "PASSWD"],
    ["/etc/passwd"],
    ["..\\..\\secret"],
    ["C:", "secret"],
    ["IMAGES", "..", "..", "secret"],
    ["A"] * 9,
    ["."],
)


def test_attack_13_directory_leads_nowhere_outside(platform: Platform, tmp_path: Path) -> None:
    disc = tmp_path / "disc"
    (disc / "IMAGES").mkdir(parents=True)
    (disc / "IMAGES" / "A").write_bytes(part10_bytes(a_dx_image()))
    (disc / "IMAGES" / "UNNAMED").write_bytes(part10_bytes(a_dx_image()))
    (tmp_path / "secret").write_bytes(part10_bytes(a_dx_image()))
    (disc / "LINK").symlink_to(tmp_path / "secret")
    (disc / "LINKED").symlink_to(tmp_path)
    (disc / "DICOMDIR").write_bytes(a_directory(*OUTSIDE, ["IMAGES", "A"], ["IMAGES", "GONE"], ["LINK"], ["LINKED", "secret"]))
    report = import_path(platform, archivist(platform), disc)
    assert report.stored == 2
    reasons: dict[str, set[str]] = {}
    for name, reason in report.refused:
        reasons.setdefault(reason, set()).add(name)
    assert len(reasons["path_outside"]) == len(OUTSIDE)
    assert reasons["not_a_plain_file"] == {"LINK", "LINKED"}
    assert {"IMAGES/GONE", "LINKED/secret"} <= reasons["named_but_missing"]


def test_attack_13_inside_a_zip(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "disc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("CD/DICOMDIR", a_directory(["..", "SECRET"], ["A"]))
        archive.writestr("CD/A", part10_bytes(a_dx_image()))
        link = zipfile.ZipInfo("CD/LINK")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    report = import_path(platform, archivist(platform), path)
    assert report.stored == 1
    assert sorted(report.refused) == [("../SECRET", "path_outside"), ("CD/LINK", "not_a_plain_file")]


@pytest.mark.parametrize("data", [b"", b"x" * 200, bytes(128) + b"DICM", part10_bytes(a_dx_image())])
def test_attack_13_what_is_no_directory_names_nothing(data: bytes) -> None:
    assert read_listing(data) is None


def test_attack_13_names_are_judged_by_their_components() -> None:
    assert is_inside(("DICOM", "A0000001"))
    assert not any(is_inside(tuple(file_id)) for file_id in OUTSIDE)


def test_attack_14_archives_inside_archives_stay_closed(platform: Platform, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", part10_bytes(a_dx_image()))
    path = a_zip(tmp_path / "42.zip", ("nested.zip", inner.getvalue()), ("good", part10_bytes(a_dx_image())))
    report = import_path(platform, archivist(platform), path)
    assert (report.stored, report.skipped, report.refused) == (1, 1, [])


def test_attack_14_forged_sizes_are_counted_by_real_bytes(platform: Platform, tmp_path: Path) -> None:
    path = a_zip(tmp_path / "forged.zip", ("forged", part10_bytes(a_dx_image()) + bytes(48 << 20)))
    data = bytearray(path.read_bytes())
    # The sizes in both headers say one kilobyte; the stream holds 48 MiB.
    real = len(part10_bytes(a_dx_image())) + (48 << 20)
    for place in (data.find(struct.pack("<L", real)), data.rfind(struct.pack("<L", real))):
        data[place : place + 4] = struct.pack("<L", 1024)
    path.write_bytes(data)
    report = import_path(platform, archivist(platform), path)
    assert report.stored == 0
    assert report.quarantined + len(report.refused) == 1


def test_attack_14_overlapping_entries_share_one_limit(platform: Platform, tmp_path: Path) -> None:
    """Each entry is within the ratio, all of them point at the same bytes: what they unpack to is counted together."""
    content = part10_bytes(a_dx_image()) + bytes(12 << 20)
    path = a_zip(tmp_path / "one.zip", ("a", content))
    data = path.read_bytes()
    end = data.rfind(b"PK\5\6")
    start = struct.unpack_from("<L", data, end + 16)[0]
    record = data[start:end]
    many = 40
    forged = bytearray(data[:start] + record * many + data[end:])
    tail = len(forged) - (len(data) - end)
    struct.pack_into("<HHL", forged, tail + 8, many, many, len(record) * many)
    path.write_bytes(forged)
    with zipfile.ZipFile(path) as archive:
        for number, info in enumerate(archive.filelist):
            assert info.filename == "a", number
    report = import_path(platform, archivist(platform), path)
    assert len(report.refused) == many - 1
    names = [bytes(record).replace(b"a", bytes([97 + number % 26]), 1) for number in range(26)]
    renamed = bytearray(data[:start] + b"".join(names) + data[end:])
    tail = len(renamed) - (len(data) - end)
    struct.pack_into("<HHL", renamed, tail + 8, 26, 26, len(record) * 26)
    path.write_bytes(renamed)
    again = import_path(platform, archivist(platform), path)
    assert again.stored <= 1
    assert len(again.refused) >= 24


@pytest.mark.parametrize(("count", "length"), [(MOST_ENTRIES + 1, 100), (10, MOST_DIRECTORY_BYTES + 1)])
def test_attack_14_a_million_entries_are_refused_before_they_are_read(count: int, length: int) -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), min(length, 0xFFFFFFFF), 0, 0)
    zip64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    data = zip64 + locator + end
    with pytest.raises(InvalidInput) as refused:
        open_zip(io.BytesIO(data), len(data))
    assert refused.value.reason == "too_many_entries"


def test_attack_14_encrypted_entries_are_named(platform: Platform, tmp_path: Path) -> None:
    path = a_zip(tmp_path / "locked.zip", ("locked", part10_bytes(a_dx_image())), ("open", part10_bytes(a_dx_image())))
    data = bytearray(path.read_bytes())
    for magic, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.find(magic) + place] |= 1
    path.write_bytes(data)
    report = import_path(platform, archivist(platform), path)
    assert (report.stored, report.refused) == (1, [("locked", "encrypted")])


@pytest.mark.parametrize("data", [b"PK\5\6", b"PK\3\4" + bytes(100), bytes(30), b"PK\5\6" + b"\xff" * 18])
def test_attack_14_damaged_ends_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        open_zip(io.BytesIO(data), len(data))
