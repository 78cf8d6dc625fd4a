"""Recompression at rest: the same pixels in less room, the received form given back to the last byte, and no step that loses any."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from sqlalchemy import Connection, text

from negatoscope.access.model import Role
from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance, Outcome
from negatoscope.archive.open import OpenInstance, read_pixels, transcoded
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.recompression.jobs import RECOMPRESS, RECOMPRESS_STABLE, recompress_study
from negatoscope.archive.recompression.model import LARGEST_FILE, Codec, Result, is_eligible
from negatoscope.archive.recompression.restoring import check_original
from negatoscope.archive.recompression.rewriting import recompress
from negatoscope.archive.recompression.rules import list_rules, remove_rule, set_rule
from negatoscope.archive.stability import sweep
from negatoscope.archive.store import try_lock_study
from negatoscope.archive.study_store import find_instance
from negatoscope.archive.verify import rehash
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_bytes, store_data_set
from tests.builders.compressed import a_compressed_image
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes
from tests.builders.subjects import a_user

DYING = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from negatoscope.app.build import build_platform
from negatoscope.archive.recompression.model import Codec
from negatoscope.archive.recompression.rewriting import recompress
from negatoscope.archive.study_store import find_instance
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.settings import Settings

data, url, tenant, uid, step = sys.argv[1:]

def passed(name):
    if name == step:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    platform = build_platform(Settings(data=Path(data), database_url=url), Database(url), TenantId(UUID(tenant)))
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, uid)
    recompress(platform, instance, Codec.HTJ2K.transfer_syntax_uid, trace=lambda *_: None, passed=passed)
"""


def _smooth(shape: tuple[int, ...], dtype: str, highest: int, lowest: int = 0) -> NDArray[Any]:
    ramp = np.linspace(lowest, highest, int(np.prod(shape))).reshape(shape)
    return np.round(ramp).astype(dtype)


def _with_pixels(data_set: Dataset, pixels: NDArray[Any], **attributes: object) -> Dataset:
    frames = attributes.get("NumberOfFrames")
    shape = pixels.shape[1:] if frames else pixels.shape
    data_set.Rows, data_set.Columns = shape[:2]
    data_set.SamplesPerPixel = shape[2] if len(shape) == 3 else 1
    data_set.BitsAllocated = pixels.dtype.itemsize * 8
    data_set.PixelRepresentation = int(pixels.dtype.kind == "i")
    data_set.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes & 1)
    data_set["PixelData"].VR = "OW" if pixels.dtype.itemsize == 2 else "OB"
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def _colour() -> Dataset:
    pixels = _smooth((31, 33, 3), "u1", 255)
    colour = {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    return _with_pixels(a_dx_image(), pixels, BitsStored=8, HighBit=7, **colour)


def _overlay_bits() -> Dataset:
    pixels = _smooth((48, 40), "u2", 4095)
    pixels[5:9, 5:9] |= 0x8000
    return _with_pixels(a_dx_image(), pixels, BitsStored=12, HighBit=11)


def _padded() -> Dataset:
    signed = _smooth((40, 40), "i2", 1500, -1000)
    signed[:8] = -2000
    return _with_pixels(a_ct_slice(), signed, BitsStored=16, HighBit=15, PixelPaddingValue=-2000)


OBJECTS: dict[str, Callable[[], Dataset]] = {
    "signed": lambda: a_ct_slice(rows=48, columns=40),
    "signed of 12 bits": lambda: _with_pixels(a_ct_slice(), _smooth((48, 40), "i2", 2047, -2048), BitsStored=12, HighBit=11),
    "unsigned of 12 bits": lambda: a_dx_image(rows=61, columns=47),
    "eight bits, odd length": lambda: _with_pixels(a_dx_image(), _smooth((51, 43), "u1", 255), BitsStored=8, HighBit=7),
    "many frames": lambda: _with_pixels(
        a_dx_image(), _smooth((5, 32, 24), "u2", 4095), BitsStored=12, HighBit=11, NumberOfFrames=5
    ),
    "colour": _colour,
    "bits above the stored ones": _overlay_bits,
    "padding": _padded,
    "elements behind the pixels": lambda: a_dx_image(DataSetTrailingPadding=b"\0" * 10),
}


def _instance(platform: Platform, data_set: Dataset) -> Instance:
    with platform.database.read(platform.tenant) as tx:
        found = find_instance(tx, str(data_set.SOPInstanceUID))
    assert found is not None
    return found


def _stored(platform: Platform, instance: Instance) -> bytes:
    return b"".join(OpenInstance(instance, platform.blobs).chunks())


def _read_by_others(kept: pydicom.FileDataset, kind: str) -> list[NDArray[Any]]:
    """Decode with codecs that did not write: OpenJPEG for what OpenJPH wrote, CharLS by way of pydicom."""
    if kept.file_meta.TransferSyntaxUID == HTJ2K_LOSSLESS_RPCL:
        frames = generate_frames(kept.PixelData, number_of_frames=int(kept.get("NumberOfFrames", 1)))
        return [imagecodecs.jpeg2k_decode(frame) for frame in frames]
    if kind == "bits above the stored ones":  # pydicom keeps the stored bits alone
        return [imagecodecs.jpegls_decode(next(generate_frames(kept.PixelData, number_of_frames=1)))]
    return list(kept.pixel_array) if "NumberOfFrames" in kept else [kept.pixel_array]


def _recompress(platform: Platform, instance: Instance, codec: Codec = Codec.HTJ2K) -> Result:
    return recompress(platform, instance, codec.transfer_syntax_uid, trace=lambda *_: None)


@pytest.mark.parametrize(
    ("kind", "syntax", "codec"),
    [
        *((kind, EXPLICIT_VR_LITTLE_ENDIAN, codec) for kind in OBJECTS for codec in Codec),
        *((kind, IMPLICIT_VR_LITTLE_ENDIAN, Codec.HTJ2K) for kind in ("signed", "elements behind the pixels")),
        ("many frames", IMPLICIT_VR_LITTLE_ENDIAN, Codec.JPEG_LS),
    ],
)
def test_same_pixels_and_the_received_file_given_back(platform: Platform, kind: str, syntax: str, codec: Codec) -> None:
    data_set = OBJECTS[kind]()
    store_data_set(platform, data_set, syntax)
    before = _instance(platform, data_set)
    received, cells = _stored(platform, before), [read_pixels(platform, before, frame + 1) for frame in range(before.frames)]
    attributes = read_attributes(platform, before)

    assert _recompress(platform, before, codec) is Result.RECOMPRESSED
    after = _instance(platform, data_set)
    assert after.transfer_syntax_uid == codec.transfer_syntax_uid
    assert after.blob.size < before.blob.size
    for frame, expected in enumerate(cells, start=1):
        np.testing.assert_array_equal(read_pixels(platform, after, frame), expected)
    kept = pydicom.dcmread(io.BytesIO(_stored(platform, after)))
    assert {element.tag: element.value for element in kept if element.tag < 0x7FE00000} == {
        element.tag: element.value for element in attributes
    }
    np.testing.assert_array_equal(_read_by_others(kept, kind), cells)
    assert transcoded(platform, OpenInstance(after, platform.blobs), syntax) == received
    assert check_original(platform, after) is None
    assert rehash(platform).damaged == []


@pytest.mark.parametrize(
    ("data_set", "syntax"),
    [
        (a_compressed_image("1.2.840.10008.1.2.4.90"), "1.2.840.10008.1.2.4.90"),
        (a_compressed_image("1.2.840.10008.1.2.4.50"), "1.2.840.10008.1.2.4.50"),
        (a_ct_slice(), EXPLICIT_VR_BIG_ENDIAN),
        (_with_pixels(a_dx_image(), _smooth((8, 8, 3), "u1", 255), BitsStored=8, HighBit=7, PlanarConfiguration=1,
                      PhotometricInterpretation="RGB"), EXPLICIT_VR_LITTLE_ENDIAN),
        (_with_pixels(a_dx_image(), _smooth((8, 8, 3), "u1", 255), BitsStored=8, HighBit=7, PlanarConfiguration=0,
                      PhotometricInterpretation="YBR_FULL"), EXPLICIT_VR_LITTLE_ENDIAN),
    ],
    ids=["lossless", "lossy", "big endian", "planes", "luminance"],
)  # fmt: skip
def test_what_is_compressed_or_odd_stays_as_received(platform: Platform, data_set: Dataset, syntax: str) -> None:
    store_data_set(platform, data_set, syntax)
    before = _instance(platform, data_set)
    assert _recompress(platform, before) is Result.NOT_ELIGIBLE
    assert _instance(platform, data_set) == before


def test_what_is_too_large_to_be_rebuilt_in_memory_stays_as_received(platform: Platform) -> None:
    data_set = a_dx_image()
    store_data_set(platform, data_set)
    instance = _instance(platform, data_set)
    assert is_eligible(instance)
    assert not is_eligible(replace(instance, blob=replace(instance.blob, size=LARGEST_FILE + 1)))


def test_what_does_not_get_smaller_stays_as_received(platform: Platform) -> None:
    noise = np.random.default_rng(7).integers(0, 1 << 16, (64, 64), dtype=np.uint16)
    data_set = _with_pixels(a_dx_image(), noise, BitsStored=16, HighBit=15)
    store_data_set(platform, data_set)
    before = _instance(platform, data_set)
    assert _recompress(platform, before) is Result.NOT_SMALLER
    assert _instance(platform, data_set) == before


def test_received_bytes_sent_again_are_success_and_others_a_conflict(platform: Platform) -> None:
    data_set = a_ct_slice()
    file = part10_bytes(data_set)
    store_bytes(platform, file)
    _recompress(platform, _instance(platform, data_set))
    after = _instance(platform, data_set)
    assert store_bytes(platform, file).outcome is Outcome.DUPLICATE
    assert store_bytes(platform, _stored(platform, after)).outcome is Outcome.DUPLICATE
    data_set.StudyDescription = "autre"
    assert store_bytes(platform, part10_bytes(data_set)).outcome is Outcome.CONFLICT
    assert _instance(platform, data_set) == after


def test_row_changes_only_while_nobody_erases_its_study(platform: Platform) -> None:
    store_data_set(platform, a_ct_slice())
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, str(tx.execute(text("select sop_instance_uid from instances")).scalar_one()))
    assert instance is not None
    free: list[bool] = []

    def trace(_: Connection, of: Instance) -> None:
        with platform.database.transaction(platform.tenant) as tx:
            free.append(try_lock_study(tx, of.study_uid))

    assert recompress(platform, instance, HTJ2K_LOSSLESS_RPCL, trace=trace) is Result.RECOMPRESSED
    assert free == [False]


def test_original_goes_with_the_sweep_a_day_later(platform: Platform, clock: TurnedClock) -> None:
    data_set = a_ct_slice()
    store_data_set(platform, data_set)
    before = _instance(platform, data_set)
    clock.turn(timedelta(hours=48))
    _recompress(platform, before)
    assert sweep_orphans(platform) == 0
    assert _stored(platform, before)
    clock.turn(timedelta(hours=25))
    assert sweep_orphans(platform) == 1
    with pytest.raises(CorruptObject):
        _stored(platform, before)
    assert rehash(platform).damaged == []


def test_stable_study_is_recompressed_by_the_rule_of_its_modality(
    platform: Platform, clock: TurnedClock, react: Callable[..., int], run_jobs: Callable[..., int]
) -> None:
    admin = a_user(platform, Role.ADMINISTRATOR)
    ct, dx = a_ct_slice(StudyInstanceUID="2.25.77001"), a_dx_image(StudyInstanceUID="2.25.77001")
    set_rule(platform, admin, modality="ct", codec=Codec.JPEG_LS)
    for data_set in (ct, dx):
        store_data_set(platform, data_set)
    clock.turn(timedelta(seconds=60))
    sweep(platform)
    assert react(RECOMPRESS_STABLE) == 1
    assert run_jobs(RECOMPRESS) == 1
    assert _instance(platform, ct).transfer_syntax_uid == Codec.JPEG_LS.transfer_syntax_uid
    assert _instance(platform, dx).transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
    assert recompress_study(platform, "2.25.77001") == 0
    with platform.database.read(platform.tenant) as tx:
        acts = tx.execute(text("select action from audit_entries where action like '%recompress%' order by action")).scalars()
        assert list(acts) == ["images_recompressed", "recompression_rule_changed"]
        block = tx.execute(text("select count(*) from series_metadata")).scalar_one()
    assert block == 2
    remove_rule(platform, admin, modality="CT")
    with platform.database.read(platform.tenant) as tx:
        assert list_rules(tx, admin) == []


@pytest.mark.parametrize("step", ["written", "verified", "rows"])
def test_killed_at_any_step_nothing_is_lost(platform: Platform, clock: TurnedClock, database_url: str, step: str) -> None:
    data_set = a_ct_slice()
    store_data_set(platform, data_set)
    before = _instance(platform, data_set)
    received = _stored(platform, before)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    arguments = [str(platform.settings.data), database_url, str(platform.tenant), str(data_set.SOPInstanceUID), step]
    ended = subprocess.run(
        [sys.executable, "-c", DYING, *arguments], env=environment, check=False, capture_output=True, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert _instance(platform, data_set) == before
    assert _stored(platform, before) == received
    clock.turn(timedelta(hours=25))
    assert sweep_orphans(platform) == 1
    assert _recompress(platform, before) is Result.RECOMPRESSED
    after = _instance(platform, data_set)
    assert hashlib.sha256(transcoded(platform, OpenInstance(after, platform.blobs), EXPLICIT_VR_LITTLE_ENDIAN)).hexdigest() == (
        before.blob.sha256
    )


def test_damaged_remnant_of_the_received_form_is_found(platform: Platform) -> None:
    """The gate can fail: another rest is another file, and nothing is given out for it."""
    data_set = a_ct_slice()
    store_data_set(platform, data_set)
    _recompress(platform, _instance(platform, data_set))
    after = _instance(platform, data_set)
    with platform.database.owner_transaction() as tx:
        tx.execute(
            text("update recompressed_objects set rest = '\\x00' where sop_instance_uid = :uid"),
            {"uid": str(data_set.SOPInstanceUID)},
        )
    assert check_original(platform, after) == "other_original_hash"
    assert len(rehash(platform).damaged) == 1
    with pytest.raises(CorruptObject):
        transcoded(platform, OpenInstance(after, platform.blobs), EXPLICIT_VR_LITTLE_ENDIAN)
