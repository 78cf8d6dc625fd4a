"""Re-hashing finds what was altered; importing takes what is DICOM and nothing that lies outside."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from negatoscope.archive.importing import MOST_RATIO, import_path
from negatoscope.archive.verify import rehash
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist, store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes


def test_rehash_names_each_damaged_object_and_no_other(platform: Platform) -> None:
    images = [a_ct_slice() for _ in range(4)]
    for image in images:
        store_data_set(platform, image)
    store_bytes(platform, part10_bytes(a_dx_image())[:-9])
    seen: list[tuple[int, int]] = []
    sound = rehash(platform, lambda done, total: seen.append((done, total)))
    assert (sound.checked, sound.damaged) == (5, [])
    assert seen == [(number, 5) for number in range(1, 6)]
    assert isinstance(platform.blobs, LocalBlobStore)
    keys = sorted(key for key, _ in platform.blobs.list_keys())
    damaged, missing = platform.blobs.path_of(keys[0]), platform.blobs.path_of(keys[1])
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    missing.unlink()
    report = rehash(platform)
    assert report.checked == 5
    assert sorted(fault.rpartition(": ")[2] for fault in report.damaged) == ["damaged_frame", "missing_object"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "disc"
    (folder / "IMAGES" / "A").mkdir(parents=True)
    for number, image in enumerate((a_dx_image(), a_ct_slice())):
        (folder / "IMAGES" / "A" / f"I{number}").write_bytes(part10_bytes(image))
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    (folder / "readme.txt").write_text("not an image")
    (folder / "IMAGES" / "damaged").write_bytes(part10_bytes(a_dx_image())[:-7])
    return folder


def test_folder_is_imported_and_again_changes_nothing(platform: Platform, folder: Path) -> None:
    progress: list[tuple[int, int]] = []
    first = import_path(platform, archivist(platform), folder, lambda *state: progress.append(state))
    assert (first.stored, first.duplicates, first.quarantined, first.skipped, first.refused) == (2, 0, 1, 1, [])
    assert progress[-1] == (4, 4)
    again = import_path(platform, archivist(platform), folder)
    assert (again.stored, again.duplicates, again.quarantined) == (0, 2, 1)


def test_link_to_a_file_outside_is_not_followed(platform: Platform, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.dcm"
    secret.write_bytes(part10_bytes(a_dx_image()))
    (folder / "link").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path)
    report = import_path(platform, archivist(platform), folder)
    assert (report.stored, sorted(report.refused)) == (2, [("link", "not_a_plain_file"), ("linked", "not_a_plain_file")])


def zipped(path: Path, *entries: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_zip_is_imported_without_being_unpacked(platform: Platform, tmp_path: Path) -> None:
    files = [part10_bytes(a_dx_image()), part10_bytes(a_ct_slice())]
    path = zipped(tmp_path / "disc.zip", ("A/1", files[0]), ("A/2", files[1]), ("DICOMDIR", b"x"), ("x.txt", b"x"))
    report = import_path(platform, archivist(platform), path)
    assert (report.stored, report.skipped, report.refused) == (2, 1, [])


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_hostile_entries_are_refused_by_name(platform: Platform, tmp_path: Path) -> None:
    file = part10_bytes(a_dx_image())
    path = zipped(tmp_path / "evil.zip", ("../../x", file), ("/etc/x", file), ("C:\\x", file), ("good", file), ("good", file))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    report = import_path(platform, archivist(platform), path)
    assert report.stored == 1
    assert dict(report.refused) == {
        "../../x": "path_outside",
        "/etc/x": "path_outside",
        "C:\\x": "path_outside",
        "good": "duplicate_name",
        "link": "not_a_plain_file",
    }


def test_bomb_is_counted_by_its_real_bytes(platform: Platform, tmp_path: Path) -> None:
    head = part10_bytes(a_ct_slice())
    bomb = head + bytes(40 << 20)
    path = zipped(tmp_path / "bomb.zip", ("bomb", bomb))
    assert path.stat().st_size * MOST_RATIO < len(bomb)
    report = import_path(platform, archivist(platform), path)
    assert report.refused == [("bomb", "too_large")]
    assert list(platform.blobs.list_keys()) == []


def test_damaged_zip_entry_and_encrypted_one(platform: Platform, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ("a", part10_bytes(a_dx_image())), compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    report = import_path(platform, archivist(platform), path)
    assert report.refused == [("a", "damaged_entry")]
    assert list(platform.blobs.list_keys()) == []


def test_what_is_no_archive_is_named(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        import_path(platform, archivist(platform), tmp_path / "absent")
    (tmp_path / "one").write_bytes(part10_bytes(a_dx_image()))
    assert import_path(platform, archivist(platform), tmp_path / "one").stored == 1
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"x")
    (tmp_path / "cut.zip").write_bytes(buffer.getvalue()[:-30] + b"PK\x05\x06" + bytes(18))
    assert import_path(platform, archivist(platform), tmp_path / "cut.zip").stored == 0
