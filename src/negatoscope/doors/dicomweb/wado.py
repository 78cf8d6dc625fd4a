"""WADO-RS: whole objects, their metadata and bulk data (PS3.18 10.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.archive.metadata import read_bulk_data, series_metadata
from negatoscope.archive.open import OpenFrames, OpenInstance, open_instances, open_pixel_data, transcoded
from negatoscope.doors.dicomweb.multipart_writer import Part, multipart_response
from negatoscope.doors.dicomweb.negotiation import DICOM, OCTETS, Choice, choose_object
from negatoscope.doors.dicomweb.ranged import Chunks, ranged_response
from negatoscope.doors.dicomweb.requests import (
    is_unchanged,
    not_acceptable,
    platform_of,
    ranges_of,
    root_of,
    scope_of,
    subject_of,
    uid_of,
    unchanged,
)
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

_JSON: Final = "application/dicom+json"
_PIXEL_DATA_PATH: Final = "7FE00010"


def retrieve(request: Request) -> Response:
    """Give the objects of a study or a series, or one object."""
    subject = subject_of(request)
    platform = platform_of(request)
    scope = scope_of(request)
    single = scope["sop_instance_uid"] is not None
    opened = open_instances(
        platform,
        subject,
        study_uid=uid_of(request, "study_uid"),
        series_uid=scope["series_uid"],
        sop_instance_uid=scope["sop_instance_uid"],
    )
    ranges = ranges_of(request)
    chosen = [(one, choose_object(ranges, one.transfer_syntax_uid, single=single)) for one in opened]
    possible = [(one, choice) for one, choice in chosen if choice is not None]
    if not possible:
        return not_acceptable()
    if single and not possible[0][1].multipart:
        return _one_object(request, platform, *possible[0])
    parts = _parts(platform, possible, root_of(request))
    known: Sequence[Part] | Iterator[Part] = parts
    if all(choice.is_stored for _, choice in possible):
        known = list(parts)
    status = HTTPStatus.OK if len(possible) == len(opened) else HTTPStatus.PARTIAL_CONTENT
    return multipart_response(DICOM, known, headers={}, status=status)


def _parts(platform: Platform, chosen: Sequence[tuple[OpenInstance, Choice]], root: str) -> Iterator[Part]:
    for opened, choice in chosen:
        location = f"{root}/studies/{opened.study_uid}/series/{opened.series_uid}/instances/{opened.sop_instance_uid}"
        if choice.is_stored:
            yield Part(choice.content_type, opened.chunks(), opened.size, location)
        else:
            whole = transcoded(platform, opened, choice.transfer_syntax_uid)
            yield Part(choice.content_type, [whole], len(whole), location)


def _one_object(request: Request, platform: Platform, opened: OpenInstance, choice: Choice) -> Response:
    """Give one object without multipart; its stored form also by range."""
    etag = f"{opened.etag}-{choice.transfer_syntax_uid}"
    if choice.is_stored:
        return ranged_response(request, content_type=choice.content_type, size=opened.size, etag=etag, chunks=opened.chunks)
    if is_unchanged(request, etag):
        return unchanged(etag)
    whole = transcoded(platform, opened, choice.transfer_syntax_uid)
    return Response(whole, headers={"ETag": f'"{etag}"', "Content-Type": choice.content_type})


def retrieve_metadata(request: Request) -> Response:
    """Give the attributes of a study, a series or one object as DICOM JSON."""
    subject = subject_of(request)
    if not any(wanted.covers(_JSON) or wanted.covers("application/json") for wanted in ranges_of(request)):
        return not_acceptable()
    scope = scope_of(request)
    body = series_metadata(
        platform_of(request),
        subject,
        study_uid=uid_of(request, "study_uid"),
        series_uid=scope["series_uid"],
        sop_instance_uid=scope["sop_instance_uid"],
        bulk_data_root=root_of(request),
    )
    etag = hashlib.sha256(body).hexdigest()[:32]
    if is_unchanged(request, etag):
        return unchanged(etag)
    return Response(body, media_type=_JSON, headers={"ETag": f'"{etag}"'})


def retrieve_bulk_data(request: Request) -> Response:
    """Give the bytes that a BulkDataURI of our metadata stands for."""
    subject, platform = subject_of(request), platform_of(request)
    path = request.path_params["path"]
    if not all(part.isalnum() for part in path.split("/")):
        raise InvalidInput("The path of a bulk data reference is malformed.", field="path")
    study_uid, series_uid, sop_instance_uid = (
        uid_of(request, name) for name in ("study_uid", "series_uid", "sop_instance_uid")
    )
    ranges = ranges_of(request)
    wanted = next((one for one in ranges if one.covers(OCTETS)), None)
    if wanted is None:
        return not_acceptable()
    if path == _PIXEL_DATA_PATH:
        opened = open_pixel_data(
            platform, subject, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid
        )
        if isinstance(opened, OpenFrames):
            return _all_frames(opened)
        chunks: Chunks = opened.chunks
        size, etag = opened.length, opened.etag
    else:
        value = read_bulk_data(
            platform, subject, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid, path=path
        )
        size, etag = len(value), hashlib.sha256(value).hexdigest()[:32]
        chunks = partial(_slice, value)
    if wanted.multipart:
        return multipart_response(OCTETS, [Part(OCTETS, chunks(0, size), size)], headers={"ETag": f'"{etag}"'})
    return ranged_response(request, content_type=OCTETS, size=size, etag=etag, chunks=chunks)


def _slice(value: bytes, offset: int, length: int) -> list[bytes]:
    return [value[offset : offset + length]]


def _all_frames(frames: OpenFrames) -> Response:
    """Give compressed pixel data frame by frame."""
    content_type = f"{OCTETS}; transfer-syntax={frames.instance.transfer_syntax_uid}"
    parts = [Part(content_type, frames.stored(frame), frames.length(frame)) for frame in frames.frames]
    return multipart_response(OCTETS, parts, headers={})
