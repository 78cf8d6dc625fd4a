"""WADO-RS: frames, as stored or in the form asked for (PS3.18 10.4.1.1.6)."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.archive.open import OpenFrames, open_frames
from negatoscope.doors.dicomweb.multipart_writer import Part, multipart_response, single_response
from negatoscope.doors.dicomweb.negotiation import Choice, choose_frames
from negatoscope.doors.dicomweb.ranged import ranged_response
from negatoscope.doors.dicomweb.requests import (
    is_unchanged,
    not_acceptable,
    platform_of,
    ranges_of,
    root_of,
    subject_of,
    uid_of,
    unchanged,
)
from negatoscope.platform.errors import InvalidInput

_MOST_FRAMES: Final = 10_000
_LONGEST_LIST: Final = 100_000


def retrieve_frames(request: Request) -> Response:
    """Give one or several frames."""
    subject = subject_of(request)
    numbers = read_frame_list(request.path_params["frames"])
    frames = open_frames(
        platform_of(request),
        subject,
        study_uid=uid_of(request, "study_uid"),
        series_uid=uid_of(request, "series_uid"),
        sop_instance_uid=uid_of(request, "sop_instance_uid"),
        frames=numbers,
    )
    choice = choose_frames(ranges_of(request), frames.instance.transfer_syntax_uid, single=len(numbers) == 1)
    if choice is None:
        return not_acceptable()
    etag = f"{frames.etag}-{choice.transfer_syntax_uid}-{choice.media_type.partition('/')[2]}"
    length = frames.length(numbers[0]) if choice.is_stored and not choice.multipart else None
    if length is not None:
        chunks = partial(frames.stored_range, numbers[0])
        return ranged_response(request, content_type=choice.content_type, size=length, etag=etag, chunks=chunks)
    if is_unchanged(request, etag):
        return unchanged(etag)
    headers = {"ETag": f'"{etag}"'}
    root = root_of(request) if choice.multipart else None
    parts = (_part(frames, choice, number, root) for number in numbers)
    if not choice.multipart:
        return single_response(next(parts), headers=headers)
    return multipart_response(choice.media_type, list(parts) if choice.is_stored else parts, headers=headers)


def _part(frames: OpenFrames, choice: Choice, number: int, root: str | None) -> Part:
    instance = frames.instance
    location = None
    if root is not None:
        location = (
            f"{root}/studies/{instance.study_uid}/series/{instance.series_uid}"
            f"/instances/{instance.sop_instance_uid}/frames/{number}"
        )
    if choice.is_stored:
        return Part(choice.content_type, frames.stored(number), frames.length(number), location)
    encoded = frames.encoded(number, choice.transfer_syntax_uid)
    return Part(choice.content_type, [encoded], len(encoded), location)


def read_frame_list(text: str) -> tuple[int, ...]:
    """Return the frame numbers of a path, `1` or `1,2,7`; each from 1."""
    parts = text.split(",") if len(text) <= _LONGEST_LIST else []
    is_sound = 0 < len(parts) <= _MOST_FRAMES and all(
        part.isascii() and part.isdigit() and len(part) <= 9 and int(part) > 0 for part in parts
    )
    if not is_sound:
        raise InvalidInput("The list of frames is malformed.", reason="bad_frame_list", field="frames")
    return tuple(int(part) for part in parts)
