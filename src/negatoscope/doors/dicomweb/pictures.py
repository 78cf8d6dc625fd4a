"""WADO-RS: rendered frames, thumbnails, and encapsulated documents as what they are (PS3.18 10.4.1.1.3, 8.3.5)."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.archive.pictures import PictureRequest, open_picture, read_document, thumbnail_request
from negatoscope.doors.dicomweb.requests import (
    is_unchanged,
    not_acceptable,
    platform_of,
    ranges_of,
    scope_of,
    subject_of,
    uid_of,
    unchanged,
)
from negatoscope.formats.dicom.greyscale import VoiFunction, Window
from negatoscope.formats.dicom.rendering import DEFAULT_QUALITY, MediaType, Viewport
from negatoscope.platform.errors import InvalidInput

_JPEG: Final = "image/jpeg"
_PNG: Final = "image/png"
_PDF: Final = "application/pdf"
_FUNCTIONS: Final = {
    "linear": VoiFunction.LINEAR,
    "linear-exact": VoiFunction.LINEAR_EXACT,
    "sigmoid": VoiFunction.SIGMOID,
}


def retrieve_rendered(request: Request) -> Response:
    """Give one frame as JPEG or PNG; an encapsulated PDF as PDF."""
    subject = subject_of(request)
    platform = platform_of(request)
    uids = {name: uid_of(request, name) for name in ("study_uid", "series_uid", "sop_instance_uid")}
    is_frame_named = "frame" in request.path_params
    if not is_frame_named:
        document = read_document(platform, subject, **uids)
        if document is not None:
            return _document(request, *document)
    media_type = _media_type(request)
    if media_type is None:
        return not_acceptable()
    return _picture(request, read_rendering(request, media_type), uids)


def retrieve_thumbnail(request: Request) -> Response:
    """Give a small picture of a study, a series, an object or a frame."""
    media_type = _media_type(request)
    if media_type is None:
        return not_acceptable()
    viewport = read_viewport(request.query_params.get("viewport"))
    wanted = thumbnail_request(frame=_frame(request), width=viewport.width, height=viewport.height)
    return _picture(request, wanted, {name: uid for name, uid in scope_of(request).items() if uid is not None})


def _picture(request: Request, wanted: PictureRequest, uids: dict[str, str]) -> Response:
    picture = open_picture(
        platform_of(request),
        subject_of(request),
        wanted,
        study_uid=uids["study_uid"],
        series_uid=uids.get("series_uid"),
        sop_instance_uid=uids.get("sop_instance_uid"),
    )
    if is_unchanged(request, picture.etag):
        return unchanged(picture.etag)
    return Response(picture.make(), media_type=wanted.media_type, headers={"ETag": f'"{picture.etag}"'})


def _document(request: Request, media_type: str, content: bytes) -> Response:
    if media_type != _PDF or not any(wanted.covers(_PDF) for wanted in ranges_of(request)):
        return not_acceptable()
    # A document is a stranger's content: nothing of it may run in our pages.
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
    return Response(content, media_type=_PDF, headers=headers)


def read_rendering(request: Request, media_type: MediaType) -> PictureRequest:
    """Read window, viewport and quality; raise InvalidInput naming the one that is malformed."""
    parameters = request.query_params
    return PictureRequest(
        frame=_frame(request),
        window=read_window(parameters.get("window")),
        viewport=read_viewport(parameters.get("viewport")),
        media_type=media_type,
        quality=_quality(parameters.get("quality")),
    )


def read_window(text: str | None) -> Window | None:
    """Read `center,width[,function]` (PS3.18 8.3.5.1.4)."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    try:
        center, width = float(parts[0]), float(parts[1])
        function = _FUNCTIONS[parts[2].lower()] if len(parts) > 2 else VoiFunction.LINEAR
    except (ValueError, IndexError, KeyError) as error:
        raise InvalidInput("The window is malformed.", reason="bad_window", field="window") from error
    is_sound = len(parts) <= 3 and abs(center) < 1e9 and 0 < width < 1e9
    if not is_sound:
        raise InvalidInput("The window is malformed.", reason="bad_window", field="window")
    return Window(center=center, width=width, function=function)


def read_viewport(text: str | None) -> Viewport:
    """Read `width,height[,x,y,w,h]`; the size of the picture, then the region of the image (PS3.18 8.3.5.1.3)."""
    if text is None:
        return Viewport()
    parts = [part.strip() for part in text.split(",")]
    try:
        numbers = [int(float(part)) if part else 0 for part in parts]
    except (ValueError, OverflowError) as error:
        raise InvalidInput("The viewport is malformed.", reason="bad_viewport", field="viewport") from error
    if len(numbers) not in {2, 6} or numbers[0] < 0 or numbers[1] < 0 or max(map(abs, numbers)) > 1 << 20:
        raise InvalidInput("The viewport is malformed.", reason="bad_viewport", field="viewport")
    region = numbers[2:] or [0, 0, 0, 0]
    return Viewport(
        width=numbers[0] or None,
        height=numbers[1] or None,
        source_x=region[0],
        source_y=region[1],
        source_width=region[2],
        source_height=region[3],
    )


def _quality(text: str | None) -> int:
    if text is None:
        return DEFAULT_QUALITY
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= 100:
        raise InvalidInput("The quality is a number from 1 to 100.", reason="bad_quality", field="quality")
    return int(text)


def _frame(request: Request) -> int:
    text = request.path_params.get("frame")
    if text is None:
        return 1
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("The frame is a number.", reason="bad_frame", field="frame")
    return int(text)


def _media_type(request: Request) -> MediaType | None:
    """Choose between JPEG and PNG; browsers that list other formats too take anything."""
    for wanted in ranges_of(request):
        if wanted.covers(_JPEG):
            return "image/jpeg"
        if wanted.covers(_PNG):
            return "image/png"
    return None
