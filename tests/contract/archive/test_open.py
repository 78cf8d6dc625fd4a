"""Opening: byte for byte by range and by frame, under the policy, with a trace, and never wrong pixels."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.actions import Action
from negatoscope.access.model import Role, Subject
from negatoscope.archive.open import OpenFrames, open_frames, open_instances, read_pixels, transcoded
from negatoscope.archive.study_store import find_instance, list_instances
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from negatoscope.platform.blobs.frames import HEADER_BYTES
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import CorruptObject, Forbidden, NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist, store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file, bare_bytes, encoded_as, part10_bytes
from tests.builders.subjects import a_user
from tests.paths import SHARED, needs_shared

NATIVE = [
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
]
COMPRESSED = [JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, JPEG_LOSSLESS_SV1, RLE_LOSSLESS]


def opened_frames(platform: Platform, image: Dataset, *frames: int, subject: Subject | None = None) -> OpenFrames:
    return open_frames(
        platform,
        subject or archivist(platform),
        study_uid=image.StudyInstanceUID,
        series_uid=image.SeriesInstanceUID,
        sop_instance_uid=image.SOPInstanceUID,
        frames=frames or (1,),
    )


def a_stack(frames: int = 3) -> Dataset:
    image = a_dx_image(rows=16, columns=8)
    cells = np.arange(frames * 16 * 8, dtype=np.uint16).reshape(frames, 16, 8)
    image.NumberOfFrames = frames
    image.PixelData = cells.tobytes()
    return image


def traces(platform: Platform, action: Action) -> int:
    with platform.database.read(platform.tenant) as tx:
        query = text("select count(*) from audit_entries where action = :action")
        return int(tx.execute(query, {"action": action.value}).scalar_one())


@pytest.mark.parametrize("syntax", NATIVE)
def test_native_frame_is_its_bytes_in_the_data_set(platform: Platform, syntax: str) -> None:
    image = a_stack()
    store_data_set(platform, image, syntax)
    length = 16 * 8 * 2
    for frame in (1, 2, 3):
        stored = b"".join(opened_frames(platform, image, frame).stored(frame))
        expected = image.PixelData[(frame - 1) * length : frame * length]
        if syntax == EXPLICIT_VR_BIG_ENDIAN:
            # The builder writes the bytes of the value as they are.
            assert stored == expected
        else:
            assert stored == expected
            assert opened_frames(platform, image).encoded(frame, EXPLICIT_VR_LITTLE_ENDIAN) == expected


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_compressed_frame_comes_as_stored_and_decoded(platform: Platform, syntax: str) -> None:
    image = a_stack()
    store_bytes(platform, a_file(image, syntax))
    fragments = pydicom.encaps.generate_frames(encoded_as(image, syntax).PixelData, number_of_frames=3)
    length = 16 * 8 * 2
    for frame, expected in enumerate(fragments, 1):
        frames = opened_frames(platform, image, frame)
        assert b"".join(frames.stored(frame)) == expected
        assert frames.length(frame) == len(expected)
        native = image.PixelData[(frame - 1) * length : frame * length]
        assert frames.encoded(frame, EXPLICIT_VR_LITTLE_ENDIAN) == native


def test_pixels_are_those_that_were_sent(platform: Platform) -> None:
    image = a_ct_slice()
    store_bytes(platform, a_file(image, HTJ2K_LOSSLESS))
    with platform.database.read(platform.tenant) as tx:
        instance = list_instances(tx, image.StudyInstanceUID)[0]
    cells = np.frombuffer(image.PixelData, np.int16).reshape(32, 32)
    assert np.array_equal(read_pixels(platform, instance), cells)


@pytest.mark.parametrize("frame", [0, 4, -1])
def test_frame_that_does_not_exist_is_not_found(platform: Platform, frame: int) -> None:
    image = a_stack()
    store_data_set(platform, image)
    with pytest.raises(NotFound):
        opened_frames(platform, image, frame)


def test_whole_object_is_read_by_range(platform: Platform) -> None:
    image = a_dx_image(rows=900, columns=800)
    store_data_set(platform, image)
    opened = open_instances(platform, archivist(platform), study_uid=image.StudyInstanceUID)[0]
    whole = b"".join(opened.chunks())
    assert len(whole) == opened.size
    assert whole[opened.data_set_offset :] == bare_bytes(image)
    for offset, length in [(0, 10), (1 << 20, 17), (opened.size - 1, 1), (5, opened.size - 5)]:
        assert opened.read(offset, length) == whole[offset : offset + length]


def test_object_is_given_in_another_transfer_syntax(platform: Platform) -> None:
    image = a_dx_image()
    store_bytes(platform, a_file(image, JPEG_LS_LOSSLESS))
    opened = open_instances(platform, archivist(platform), study_uid=image.StudyInstanceUID)[0]
    file = pydicom.dcmread(io.BytesIO(transcoded(platform, opened, IMPLICIT_VR_LITTLE_ENDIAN)))
    assert file.file_meta.TransferSyntaxUID == IMPLICIT_VR_LITTLE_ENDIAN
    assert file.PixelData == image.PixelData
    assert file.PatientName == image.PatientName


def test_flipped_byte_on_disk_is_an_error_and_never_other_pixels(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        instance = list_instances(tx, image.StudyInstanceUID)[0]
    assert isinstance(platform.blobs, LocalBlobStore)
    path = platform.blobs.path_of(instance.blob.key)
    stored = bytearray(path.read_bytes())
    stored[HEADER_BYTES + (instance.pixel_offset or 0) + 9] ^= 4
    path.write_bytes(stored)
    with pytest.raises(CorruptObject):
        b"".join(opened_frames(platform, image).stored(1))
    with pytest.raises(CorruptObject):
        read_pixels(platform, instance)


def test_compressed_frame_that_lies_about_its_size_is_refused(platform: Platform) -> None:
    image = a_dx_image(rows=64, columns=64)
    smaller = encoded_as(a_dx_image(rows=32, columns=64), JPEG_LS_LOSSLESS)
    image.add_new(0x7FE00010, "OB", smaller.PixelData)
    image["PixelData"].is_undefined_length = True
    store_bytes(platform, part10_bytes(image, JPEG_LS_LOSSLESS))
    with pytest.raises(CorruptObject):
        opened_frames(platform, image).encoded(1, EXPLICIT_VR_LITTLE_ENDIAN)


def test_viewing_a_study_leaves_one_trace_a_quarter_of_an_hour(platform: Platform, clock: TurnedClock) -> None:
    image = a_stack()
    store_data_set(platform, image)
    radiologist = a_user(platform, Role.RADIOLOGIST)
    for frame in (1, 2, 3):
        opened_frames(platform, image, frame, subject=radiologist)
    assert traces(platform, Action.VIEW_IMAGES) == 1
    clock.turn(timedelta(minutes=16))
    opened_frames(platform, image, subject=radiologist)
    assert traces(platform, Action.VIEW_IMAGES) == 2
    opened_frames(platform, image, subject=a_user(platform, Role.RADIOLOGIST))
    assert traces(platform, Action.VIEW_IMAGES) == 3


def test_each_retrieval_of_whole_objects_leaves_its_trace(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    for _ in range(2):
        open_instances(platform, archivist(platform), study_uid=image.StudyInstanceUID)
    assert traces(platform, Action.RETRIEVE_IMAGES) == 2


def test_referrer_learns_nothing_of_an_unrelated_study(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with pytest.raises(NotFound):
        opened_frames(platform, image, subject=a_user(platform, Role.REFERRER))
    assert traces(platform, Action.VIEW_IMAGES) == 0


def test_secretary_may_not_see_images(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with pytest.raises(Forbidden):
        opened_frames(platform, image, subject=a_user(platform, Role.SECRETARY))


def test_path_that_names_another_series_finds_nothing(platform: Platform) -> None:
    first, second = a_dx_image(), a_dx_image()
    store_data_set(platform, first)
    store_data_set(platform, second)
    second.SOPInstanceUID = first.SOPInstanceUID
    with pytest.raises(NotFound):
        opened_frames(platform, second)


SAMPLES = [
    "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
]


def test_samples_of_other_writers_give_their_own_frames(platform: Platform) -> None:
    folder = Path(pydicom.data.__file__).parent / "test_files"
    for name in SAMPLES:
        sample = pydicom.dcmread(folder / name)
        if "PatientID" not in sample:
            continue
        assert store_bytes(platform, (folder / name).read_bytes()).refusal is None, name
        with platform.database.read(platform.tenant) as tx:
            instance = find_instance(tx, sample.SOPInstanceUID)
        assert instance is not None
        assert np.array_equal(read_pixels(platform, instance, instance.frames), last_frame(sample)), name


def last_frame(sample: Dataset) -> np.ndarray:
    cells = sample.pixel_array
    return cells[-1] if int(sample.get("NumberOfFrames") or 1) > 1 else cells


@needs_shared
def test_real_radiographs_are_stored_and_decoded(platform: Platform) -> None:
    for path in sorted((SHARED / "data" / "xray" / "dicom").glob("*.dcm")):
        stored = store_bytes(platform, path.read_bytes())
        assert stored.refusal is None, path.name
        with platform.database.read(platform.tenant) as tx:
            instance = find_instance(tx, stored.sop_instance_uid or "")
        assert instance is not None
        assert instance.pixels is not None
        cells = read_pixels(platform, instance)
        assert cells.shape[:2] == (instance.pixels.rows, instance.pixels.columns)
        assert cells.min() < cells.max()
