"""Discs: what lies on them, that others can read them, and what they go through until they are ready."""

from __future__ import annotations

import gc
import io
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from negatoscope.access.model import Role, Subject
from negatoscope.archive.discs import discs, store
from negatoscope.archive.discs.content import MOST_PICTURES_OF_A_SERIES, DiscContent, DiscObject
from negatoscope.archive.discs.direct import disc_of
from negatoscope.archive.discs.disguise import Disguise
from negatoscope.archive.discs.media import write_folder
from negatoscope.archive.discs.model import Disc, DiscRequest, DiscState
from negatoscope.archive.discs.page import Shown, index_page
from negatoscope.archive.discs.writing import WRITE_DISC, write_disc
from negatoscope.archive.studies import attach_to_patient, get_study
from negatoscope.archive.study_store import list_instances
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.formats.dicom.deidentification.profile import Option, Profile
from negatoscope.formats.dicom.gate import judge
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.platform.errors import Conflict, Forbidden, InvalidTransition, NotFound
from negatoscope.platform.job_worker import JobRun
from negatoscope.platform.runtime import Platform
from negatoscope.sharing.files import open_study_files
from tests.builders.archive import archivist, store_bytes
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file, part10_bytes
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user

RunJobs = Callable[..., int]
JPEG_2000 = "1.2.840.10008.1.2.4.90"
IDENTITY = ("luard", "SYN-0001", "19700102", "ACC0001", "Lemaire")


@pytest.fixture
def radiologist(platform: Platform) -> Subject:
    return a_user(platform, Role.RADIOLOGIST)


@pytest.fixture
def study_uid(platform: Platform) -> str:
    return a_stored_study(platform, [a_dx_image(), a_dx_image(SeriesDescription="<Face & profil>")])


def content_of(platform: Platform, *study_uids: str, disguise: Disguise | None = None) -> DiscContent:
    with platform.database.read(platform.tenant) as tx:
        found = [instance for uid in study_uids for instance in list_instances(tx, uid)]
    objects = [DiscObject(instance=instance, patient="one") for instance in found]
    return DiscContent(platform=platform, objects=objects, disguise=disguise)


def on_disc(content: DiscContent, folder: Path) -> Path:
    write_folder(content.files(), folder)
    return folder


def file_set(folder: Path) -> list[Dataset]:
    """Return the objects that pydicom finds by the directory."""
    with warnings.catch_warnings():
        # It leaves its staging folders to the garbage collector, which says so.
        warnings.simplefilter("ignore", ResourceWarning)
        listed = [one.load() for one in FileSet(folder / "DICOMDIR")]
        gc.collect()
    return listed


def objects_in(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "DICOM").rglob("IM*"))


def get(platform: Platform, disc: Disc) -> Disc:
    with platform.database.read(platform.tenant) as tx:
        return store.get_disc(tx, disc.disc_id)


def keys(platform: Platform) -> int:
    return sum(1 for _ in platform.blobs.list_keys())


def test_folder_is_a_file_set_that_others_read(platform: Platform, study_uid: str, tmp_path: Path) -> None:
    other = a_stored_study(platform, [a_ct_slice()], PatientID="SYN-0002", PatientName="Möller^Ångström")
    folder = on_disc(content_of(platform, study_uid, other), tmp_path / "disc")
    listed = file_set(folder)
    assert sorted({one.PatientID for one in listed}) == ["SYN-0001", "SYN-0002"]
    assert len(listed) == 3
    assert all(
        len(part) <= 8 and part == part.upper() for path in objects_in(folder) for part in path.relative_to(folder).parts
    )
    stored = sorted(str(pydicom.dcmread(path).SOPInstanceUID) for path in objects_in(folder))
    assert stored == sorted(str(one.SOPInstanceUID) for one in listed)


@pytest.mark.skipif(shutil.which("dcdirdmp") is None or shutil.which("dcmdump") is None, reason="no dicom3tools or dcmtk here")
def test_directory_satisfies_dicom3tools_and_dcmtk(platform: Platform, study_uid: str, tmp_path: Path) -> None:
    folder = on_disc(content_of(platform, study_uid), tmp_path / "disc")
    dumped = subprocess.run(["dcdirdmp", folder / "DICOMDIR"], capture_output=True, text=True, check=True)
    assert (dumped.stdout + dumped.stderr).count("IMAGE ") == 2
    assert "Error" not in dumped.stdout + dumped.stderr
    checked = subprocess.run(["dciodvfy", folder / "DICOMDIR"], capture_output=True, text=True, check=False)
    assert "Error" not in checked.stdout + checked.stderr
    # dcmtk builds a directory of its own from the same files: it finds the same images in them.
    made = subprocess.run(
        ["dcmmkdir", "+r", "+I", "+id", folder, "+D", tmp_path / "OTHER", "DICOM"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    uids = [str(record.ReferencedSOPInstanceUIDInFile) for record in images_of(tmp_path / "OTHER")]
    assert sorted(uids) == sorted(str(record.ReferencedSOPInstanceUIDInFile) for record in images_of(folder / "DICOMDIR"))


def images_of(directory: Path) -> Iterable[Dataset]:
    return [record for record in pydicom.dcmread(directory).DirectoryRecordSequence if record.DirectoryRecordType == "IMAGE"]


def test_page_escapes_what_was_sent_and_shows_each_picture(platform: Platform, study_uid: str, tmp_path: Path) -> None:
    folder = on_disc(content_of(platform, study_uid), tmp_path / "disc")
    page = (folder / "INDEX.HTM").read_text(encoding="utf-8")
    assert "&lt;Face &amp; profil&gt;" in page
    assert "<Face" not in page
    assert "Éluard Zoé" in page
    assert page.count("<img") == 2
    pictures = sorted(path.name for path in (folder / "PICTURES").iterdir())
    assert pictures == ["P000001.JPG", "P000002.JPG"]
    assert all(f'src="PICTURES/{name}"' in page for name in pictures)
    assert "2 objet(s)" in (folder / "README.TXT").read_text(encoding="utf-8-sig")


def test_page_gives_a_hostile_name_as_text() -> None:
    header = Dataset()
    for keyword in ("PatientName", "PatientID", "StudyDescription", "SeriesDescription"):
        setattr(header, keyword, f'"><img src=x onerror=alert({keyword!r})>')
    page = index_page([Shown.of(header, file_name="IM1", picture_name=None)], "fr", without_identity=False).decode()
    assert "<img" not in page
    assert page.count("&quot;&gt;&lt;img src") == 4


def test_long_series_get_spread_pictures_and_all_their_objects(platform: Platform, tmp_path: Path) -> None:
    uid = a_stored_study(platform, [a_ct_slice() for _ in range(MOST_PICTURES_OF_A_SERIES + 5)])
    folder = on_disc(content_of(platform, uid), tmp_path / "disc")
    assert len(objects_in(folder)) == MOST_PICTURES_OF_A_SERIES + 5
    assert len(list((folder / "PICTURES").iterdir())) == MOST_PICTURES_OF_A_SERIES


def test_folder_that_holds_something_is_left_alone(platform: Platform, study_uid: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(Conflict):
        on_disc(content_of(platform, study_uid), tmp_path)


@pytest.mark.parametrize(
    "syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, JPEG_2000]
)
def test_object_without_identity_keeps_its_pixels_in_every_syntax(platform: Platform, syntax: str, tmp_path: Path) -> None:
    image = a_dx_image(BurnedInAnnotation="NO")
    original = a_file(image, syntax)
    store_bytes(platform, original)
    disguise = Disguise(profile=Profile(), key=bytes(32))
    content = content_of(platform, image.StudyInstanceUID, disguise=disguise)
    (path,) = objects_in(on_disc(content, tmp_path / "disc"))
    data = path.read_bytes()
    assert judge(data).accepted
    assert not [word for word in IDENTITY if word.encode() in data]
    read = pydicom.dcmread(path)
    assert np.array_equal(read.pixel_array, pydicom.dcmread(io.BytesIO(original)).pixel_array)
    assert read.PatientIdentityRemoved == "YES"
    assert str(read.StudyInstanceUID) != image.StudyInstanceUID
    assert content.remarks == []
    everything = b"".join(one.read_bytes() for one in path.parents[3].rglob("*") if one.is_file())
    assert not [word for word in IDENTITY if word.encode() in everything]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="no dicom3tools here")
@pytest.mark.parametrize("options", [frozenset(), frozenset({Option.CLEAN_DESCRIPTORS, Option.RETAIN_MODIFIED_DATES})])
def test_dicom3tools_finds_no_fault_that_the_original_had_not(
    platform: Platform, options: frozenset[Option], tmp_path: Path
) -> None:
    image = a_dx_image()
    store_bytes(platform, a_file(image))
    original = tmp_path / "original"
    original.write_bytes(a_file(image))
    disguise = Disguise(profile=Profile(options=options), key=bytes(32))
    folder = on_disc(content_of(platform, image.StudyInstanceUID, disguise=disguise), tmp_path / "disc")
    (cleaned,) = objects_in(folder)
    assert faults_of(cleaned) <= faults_of(original)


def faults_of(path: Path) -> set[str]:
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return {line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")}


def test_signatures_after_the_pixels_stay_behind(platform: Platform, tmp_path: Path) -> None:
    image = a_dx_image()
    store_bytes(platform, a_file(image) + b"\xfc\xff\xfc\xffOB\0\0\x08\0\0\0Lemaire!")
    disguise = Disguise(profile=Profile(), key=bytes(32))
    (path,) = objects_in(on_disc(content_of(platform, image.StudyInstanceUID, disguise=disguise), tmp_path / "disc"))
    assert b"Lemaire" not in path.read_bytes()
    assert judge(path.read_bytes()).accepted


def test_documents_are_left_out_and_the_note_says_so(platform: Platform, tmp_path: Path) -> None:
    study = a_dx_image()
    document = a_dx_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", Modality="DOC")
    for keyword in [element.keyword for element in document if element.tag.group in (0x0028, 0x7FE0)]:
        delattr(document, keyword)
    document.StudyInstanceUID, document.MIMETypeOfEncapsulatedDocument = study.StudyInstanceUID, "application/pdf"
    document.EncapsulatedDocument = b"%PDF Lemaire"
    for one in (study, document):
        store_bytes(platform, a_file(one) if "PixelData" in one else part10_bytes(one))
    disguise = Disguise(profile=Profile(), key=bytes(32))
    content = content_of(platform, study.StudyInstanceUID, disguise=disguise)
    folder = on_disc(content, tmp_path / "disc")
    assert [word for _, word in content.remarks] == ["left_out"]
    assert "laissé de côté" in (folder / "README.TXT").read_text(encoding="utf-8-sig")
    plain = on_disc(content_of(platform, study.StudyInstanceUID), tmp_path / "plain")
    assert len(file_set(plain)) == 2


def test_disc_is_written_in_the_background_and_fetched(
    platform: Platform, study_uid: str, radiologist: Subject, run_jobs: RunJobs
) -> None:
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    assert (disc.state, disc.objects) == (DiscState.REQUESTED, 2)
    with pytest.raises(Conflict):
        discs.open_disc(platform, radiologist, disc.disc_id)
    assert run_jobs(WRITE_DISC) == 1
    ready = get(platform, disc)
    assert (ready.state, ready.written) == (DiscState.READY, 2)
    _, pieces = discs.open_disc(platform, radiologist, disc.disc_id)
    data = b"".join(pieces)
    assert len(data) == ready.size
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert "DICOMDIR" in archive.namelist()
    with platform.database.read(platform.tenant) as tx:
        entries = search_entries(tx, EntryFilter(action="download_dicom", study_uid=study_uid)).entries
    assert len(entries) == 2


def test_disc_belongs_to_who_asked_for_it(platform: Platform, study_uid: str, radiologist: Subject) -> None:
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    other = a_user(platform, Role.RADIOLOGIST)
    with pytest.raises(NotFound):
        discs.open_disc(platform, other, disc.disc_id)
    with pytest.raises(NotFound):
        discs.cancel_disc(platform, other, disc.disc_id)


def test_disc_is_refused_to_whom_the_policy_refuses(platform: Platform, study_uid: str) -> None:
    for role in (Role.SECRETARY, Role.ADMINISTRATOR):
        with pytest.raises((Forbidden, NotFound)):
            discs.request_disc(platform, a_user(platform, role), DiscRequest(study_uids=(study_uid,)))
    physicist = a_user(platform, Role.PHYSICIST)
    with pytest.raises((Forbidden, NotFound)):
        discs.request_disc(platform, physicist, DiscRequest(study_uids=(study_uid,)))
    assert discs.request_disc(platform, physicist, DiscRequest(study_uids=(study_uid,), project="Dose")).objects == 2


def test_cancelled_disc_keeps_nothing(platform: Platform, study_uid: str, radiologist: Subject, run_jobs: RunJobs) -> None:
    before = keys(platform)
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    discs.cancel_disc(platform, radiologist, disc.disc_id)
    assert run_jobs(WRITE_DISC) == 1
    assert (get(platform, disc).state, keys(platform)) == (DiscState.CANCELLED, before)
    with pytest.raises(InvalidTransition):
        discs.cancel_disc(platform, radiologist, disc.disc_id)


def test_disc_that_was_being_written_is_begun_again(platform: Platform, study_uid: str, radiologist: Subject) -> None:
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    with platform.database.transaction(platform.tenant) as tx:
        store.update_disc(tx, disc.disc_id, state=DiscState.WRITING.value, written=1)
    run = JobRun(key="k", attempt=1, arguments={"disc_id": str(disc.disc_id)}, step=lambda _, work: work())
    write_disc(platform, run)
    write_disc(platform, run)
    assert get(platform, disc).state is DiscState.READY


def test_projects_give_the_same_pseudonym_each_time(
    platform: Platform, study_uid: str, radiologist: Subject, run_jobs: RunJobs
) -> None:
    def patient_of(project: str) -> str:
        request = DiscRequest(study_uids=(study_uid,), project=project)
        disc = discs.request_disc(platform, radiologist, request)
        run_jobs(WRITE_DISC)
        _, pieces = discs.open_disc(platform, radiologist, disc.disc_id)
        with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
            name = next(name for name in archive.namelist() if name.startswith("DICOM/"))
            return str(pydicom.dcmread(io.BytesIO(archive.read(name))).PatientID)

    assert patient_of("Thorax") == patient_of("  Thorax ") != patient_of("Other")


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN])
@pytest.mark.parametrize("project", [None, "Thorax"])
def test_study_that_was_given_to_another_patient_names_that_one(
    platform: Platform, syntax: str, project: str | None, tmp_path: Path
) -> None:
    image = a_dx_image()
    store_bytes(platform, a_file(image, syntax))
    other = a_stored_study(platform, PatientID="SYN-0002", PatientName="Fauchelevent^Ultime", PatientBirthDate="19800304")
    with platform.database.transaction(platform.tenant) as tx:
        attach_to_patient(tx, image.StudyInstanceUID, get_study(tx, other).patient_id)
    content = disc_of(platform, archivist(platform), [image.StudyInstanceUID], project=project)
    folder = on_disc(content, tmp_path / "disc")
    (path,) = objects_in(folder)
    read = pydicom.dcmread(path)
    assert np.array_equal(read.pixel_array, image_pixels(image, syntax))
    everything = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    if project is None:
        assert (read.PatientName, read.PatientID) == ("Fauchelevent^Ultime", "SYN-0002")
        assert b"SYN-0002" in (folder / "DICOMDIR").read_bytes()
        shared = b"".join(open_study_files(platform, archivist(platform), image.StudyInstanceUID))
        with zipfile.ZipFile(io.BytesIO(shared)) as archive:
            everything += b"".join(archive.read(name) for name in archive.namelist())
        assert not [word for word in (b"luard", b"SYN-0001", b"19700102", b"1970-01-02") if word in everything]
    else:
        assert not [word for word in (*IDENTITY, "Fauchelevent", "SYN-0002") if word.encode() in everything]


def image_pixels(image: Dataset, syntax: str) -> NDArray[np.generic]:
    return pydicom.dcmread(io.BytesIO(a_file(image, syntax))).pixel_array


def test_unknown_studies_are_not_found(platform: Platform, radiologist: Subject) -> None:
    with pytest.raises(NotFound):
        discs.request_disc(platform, radiologist, DiscRequest(study_uids=("1.2.3",)))
    with pytest.raises(NotFound), platform.database.read(platform.tenant) as tx:
        store.get_disc(tx, uuid4())
