"""Imports: they go on where they were broken off, and what a browser sends comes in file by file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.archive import importing
from negatoscope.archive.imports import store
from negatoscope.archive.imports.archives import READ_ARCHIVES
from negatoscope.archive.imports.entries import Entry, in_order, zip_entries
from negatoscope.archive.imports.model import Import, ImportState, Verdict
from negatoscope.archive.imports.uploads import Upload
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.platform.errors import Forbidden, NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes
from tests.builders.media import a_directory, a_zip
from tests.builders.subjects import a_user

RunJobs = Callable[..., int]


@pytest.fixture
def secretary(platform: Platform) -> Subject:
    return a_user(platform, Role.SECRETARY)


def imports(platform: Platform) -> list[Import]:
    with platform.database.read(platform.tenant) as tx:
        return store.list_imports(tx)


def get(platform: Platform, import_id: UUID) -> Import:
    with platform.database.read(platform.tenant) as tx:
        return store.get_import(tx, import_id)


def reasons(platform: Platform, import_id: UUID) -> dict[str, tuple[str, str | None]]:
    with platform.database.read(platform.tenant) as tx:
        return {one.name: (one.verdict.value, one.reason) for one in store.list_verdicts(tx, import_id)}


def send(upload: Upload, name: str, data: bytes, piece: int = 100_000) -> None:
    upload.begin(name)
    for at in range(0, len(data), piece):
        upload.write(data[at : at + piece])
    upload.end()


class PulledOut(Exception):
    """The disc was taken out of the drive."""


def test_broken_off_import_goes_on_where_it_stopped(platform: Platform, tmp_path: Path) -> None:
    disc = tmp_path / "disc"
    disc.mkdir()
    for number in range(5):
        (disc / f"I{number}").write_bytes(part10_bytes(a_ct_slice()))

    def pull_out(done: int, _: int) -> None:
        if done == 3:
            raise PulledOut

    with pytest.raises(PulledOut):
        importing.import_path(platform, archivist(platform), disc, pull_out)
    assert [one.state for one in imports(platform)] == [ImportState.FAILED]
    report = importing.import_path(platform, archivist(platform), disc)
    assert (report.passed_over, report.stored, report.duplicates) == (3, 2, 0)
    (one,) = imports(platform)
    assert (one.state, one.verdicts) == (ImportState.DONE, {Verdict.STORED: 5})
    again = importing.import_path(platform, archivist(platform), disc)
    assert (again.passed_over, again.duplicates) == (0, 5)


def test_files_come_in_as_they_are_sent(platform: Platform, secretary: Subject) -> None:
    first, second = a_dx_image(), a_dx_image()
    upload = Upload(platform, secretary, title="disc")
    send(upload, "CD/DICOMDIR", a_directory(["IMAGES", "A"], ["IMAGES", "LOST"], ["..", "X"]))
    send(upload, "CD/IMAGES/A", part10_bytes(first))
    send(upload, "CD/IMAGES/B", part10_bytes(second), piece=7)
    send(upload, "CD/IMAGES/B", part10_bytes(second))
    send(upload, "CD/AUTORUN.EXE", b"MZ" + bytes(500))
    send(upload, "CD/EMPTY", b"")
    upload.finish()
    one = get(platform, upload.import_id)
    assert (one.state, one.started_by) == (ImportState.DONE, secretary.user_id)
    assert reasons(platform, upload.import_id) == {
        "../X": ("refused", "path_outside"),
        "CD/AUTORUN.EXE": ("skipped", "not_dicom"),
        "CD/DICOMDIR": ("skipped", "directory"),
        "CD/EMPTY": ("skipped", "not_dicom"),
        "CD/IMAGES/A": ("stored", None),
        "CD/IMAGES/B": ("stored", None),
        "CD/IMAGES/B (2)": ("duplicate", None),
        "CD/IMAGES/LOST": ("refused", "named_but_missing"),
    }
    with platform.database.read(platform.tenant) as tx:
        assert store.list_study_uids(tx, upload.import_id) == sorted([first.StudyInstanceUID, second.StudyInstanceUID])
        (entry,) = search_entries(tx, EntryFilter(action="import_study")).entries
    assert entry.entry.actor.user_id == secretary.user_id


def test_zip_that_was_sent_is_kept_sealed_and_read_in_the_background(
    platform: Platform, secretary: Subject, run_jobs: RunJobs, tmp_path: Path
) -> None:
    images = [a_dx_image(), a_ct_slice()]
    path = a_zip(
        tmp_path / "x.zip", *((f"I{number}", part10_bytes(image)) for number, image in enumerate(images)), ("../x", b"x")
    )
    upload = Upload(platform, secretary, title="x.zip")
    send(upload, "x.zip", path.read_bytes())
    send(upload, "broken.zip", b"PK\3\4" + bytes(400))
    upload.finish()
    assert get(platform, upload.import_id).state is ImportState.WAITING
    assert len(list(platform.blobs.list_keys())) == 2
    assert run_jobs(READ_ARCHIVES) == 1
    assert get(platform, upload.import_id).state is ImportState.DONE
    assert reasons(platform, upload.import_id) == {
        "../x": ("refused", "path_outside"),
        "I0": ("stored", None),
        "I1": ("stored", None),
        "broken.zip": ("refused", "bad_zip"),
    }
    assert sweep_orphans(platform, minimum_age=timedelta(days=-1)) == 2
    assert len(list(platform.blobs.list_keys())) == len(images)


def test_upload_that_ends_too_soon_keeps_what_is_complete(platform: Platform, secretary: Subject) -> None:
    upload = Upload(platform, secretary, title="disc")
    send(upload, "A", part10_bytes(a_dx_image()))
    upload.begin("B")
    upload.write(part10_bytes(a_dx_image())[:2000])
    upload.break_off()
    upload.break_off()
    assert get(platform, upload.import_id).state is ImportState.FAILED
    assert reasons(platform, upload.import_id) == {"A": ("stored", None)}
    assert len(list(platform.blobs.list_keys())) == 1


def test_import_is_refused_to_whom_the_policy_refuses(platform: Platform) -> None:
    for role in (Role.PHYSICIST, Role.REFERRER):
        with pytest.raises((Forbidden, NotFound)):
            Upload(platform, a_user(platform, role), title="disc")
    assert imports(platform) == []


def test_files_that_the_directory_names_come_first(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "disc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A", part10_bytes(a_dx_image()))
        archive.writestr("Z", part10_bytes(a_dx_image()))
        archive.writestr("DICOMDIR", a_directory(["Z"]))
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        entries = [entry for entry in zip_entries(archive, path.stat().st_size) if isinstance(entry, Entry)]
    assert [entry.name for entry in in_order(entries, ["Z"])] == ["Z", "A", "DICOMDIR"]
