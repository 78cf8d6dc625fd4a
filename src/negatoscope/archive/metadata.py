"""The attributes of a series as one block of DICOM JSON, so that a viewer opens it with one read.

A block is valid while it covers as many instances as the series has; it is made again when asked for otherwise. The
address under which bulk data can be fetched is not in the block: it starts with a mark that no attribute can contain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import zstandard
from pydicom.dataset import Dataset
from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject, system_subject
from negatoscope.archive import metadata_store
from negatoscope.archive.corrections.giving import corrected_header, given_attributes
from negatoscope.archive.corrections.marks import CorrectedStudy, find_corrected
from negatoscope.archive.metadata_store import SeriesBlock
from negatoscope.archive.model import Instance
from negatoscope.archive.report_visibility import uses_kept_blocks, visible_instances
from negatoscope.archive.stored_file import is_encapsulated, read_header
from negatoscope.archive.study_store import get_study, list_instances
from negatoscope.archive.viewing_trail import authorised, authorised_instances
from negatoscope.formats.dicom.files import data_set_from_header
from negatoscope.formats.dicom.json_model import bulk_value, dump_json, header_to_json
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform

FORMAT: Final = 1
_MARK: Final = "\x01"
# A control character is written \u0001 by JSON, and values never hold one: only our references start like this.
_ENCODED_MARK: Final = b'"BulkDataURI":"\\u0001'
_COMPRESSION_LEVEL: Final = 3
_PIXEL_DATA: Final = 0x7FE00010


def series_metadata(
    platform: Platform,
    subject: Subject,
    *,
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    bulk_data_root: str,
    action: Action = Action.VIEW_IMAGES,
) -> bytes:
    """Return a JSON array of the DICOM JSON model: of a study, a series or one object; pixel data by reference."""
    if sop_instance_uid is not None:
        found = authorised_instances(
            platform, subject, action, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid
        )
        with platform.database.read(platform.tenant) as tx:
            corrected = find_corrected(tx, study_uid)
        block = _encode(platform, found, corrected)
    else:

        def find(tx: Connection) -> tuple[UUID | None, list[SeriesBlock]]:
            return metadata_store.list_blocks(
                tx, study_uid, series_uid, FORMAT, where=visible_instances(subject), kept_for=uses_kept_blocks(subject)
            )

        blocks = authorised(platform, subject, action, study_uid=study_uid, find=find)
        block = _join([_whole(platform, study_uid, kept, subject) for kept in blocks])
    return block.replace(_ENCODED_MARK, b'"BulkDataURI":"' + bulk_data_root.encode("ascii"))


def cache_study_metadata(platform: Platform, study_uid: str) -> int:
    """Make the blocks of every series of a study that lack one; return how many were made."""
    subject = system_subject(platform.tenant, "archive")
    with platform.database.read(platform.tenant) as tx:
        _, blocks = metadata_store.list_blocks(
            tx, study_uid, None, FORMAT, where=visible_instances(subject), kept_for=uses_kept_blocks(subject)
        )
    missing = [kept for kept in blocks if kept.block is None]
    for kept in missing:
        _whole(platform, study_uid, kept, subject)
    return len(missing)


def read_attributes(platform: Platform, instance: Instance) -> Dataset:
    """Return the attributes of an object without its pixels to a part of the product; leaves no trace."""
    return data_set_from_header(read_header(platform.blobs, instance), instance.transfer_syntax_uid)


def read_study_attributes(tx: Connection, platform: Platform, instance: Instance) -> Dataset:
    """Return what a new object of the study says of patient and study: as this one is given out, with the study's number."""
    found = given_attributes(platform.blobs, instance, find_corrected(tx, instance.study_uid))
    number = get_study(tx, instance.study_uid).accession_number
    if str(found.get("AccessionNumber") or "") != number:  # that of the order of the study from which the object came
        found.AccessionNumber = number
        found.pop("IssuerOfAccessionNumberSequence", None)
    return found


def read_series_attributes(tx: Connection, platform: Platform, study_uid: str, series_uid: str) -> list[Dataset]:
    """Return the attributes of every object of a series to a part of the product; leaves no trace."""
    return [read_attributes(platform, instance) for instance in list_instances(tx, study_uid, series_uid)]


def read_bulk_data(
    platform: Platform, subject: Subject, *, study_uid: str, series_uid: str, sop_instance_uid: str, path: str
) -> bytes:
    """Return the bytes that one of our references to something other than pixel data stands for."""
    instance = authorised_instances(
        platform,
        subject,
        Action.VIEW_IMAGES,
        study_uid=study_uid,
        series_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
    )[0]
    value = bulk_value(read_header(platform.blobs, instance), instance.transfer_syntax_uid, path)
    if value is None:
        raise NotFound("There is no such value.", reason="no_such_bulk_data")
    return value


def _whole(platform: Platform, study_uid: str, kept: SeriesBlock, subject: Subject) -> bytes:
    """Return the block of a series as JSON; made if it lacks, and kept if it holds all that the series has."""
    if kept.block is not None:
        return zstandard.ZstdDecompressor().decompress(kept.block)
    with platform.database.read(platform.tenant) as tx:
        found = list_instances(tx, study_uid, kept.series_uid, where=visible_instances(subject))
        corrected = find_corrected(tx, study_uid)
    block = _encode(platform, found, corrected)
    if kept.is_kept:
        compressed = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compress(block)
        with platform.database.transaction(platform.tenant) as tx:
            metadata_store.upsert_block(
                tx,
                study_uid,
                kept.series_uid,
                covers=len(found),
                form=FORMAT,
                revision=kept.revision,
                block=compressed,
            )
    return block


def _encode(platform: Platform, group: Sequence[Instance], corrected: CorrectedStudy | None) -> bytes:
    models = []
    for instance in group:
        root = (
            f"{_MARK}/studies/{instance.study_uid}/series/{instance.series_uid}/instances/{instance.sop_instance_uid}/bulkdata"
        )
        header = corrected_header(platform.blobs, instance, corrected) if corrected is not None else None
        model = header_to_json(
            read_header(platform.blobs, instance) if header is None else header,
            instance.transfer_syntax_uid,
            bulk_data_root=root,
            pixel_data_vr=_pixel_data_vr(instance),
        )
        model["00083002"] = {"vr": "UI", "Value": [instance.transfer_syntax_uid]}
        models.append(model)
    return dump_json(models)


def _pixel_data_vr(instance: Instance) -> str | None:
    if instance.pixels is None or instance.pixel_tag != _PIXEL_DATA:
        return None
    return "OB" if is_encapsulated(instance) or instance.pixels.bits_allocated <= 8 else "OW"


def _join(blocks: Sequence[bytes]) -> bytes:
    if len(blocks) == 1:
        return blocks[0]
    return b"[" + b",".join(block[1:-1] for block in blocks) + b"]"
