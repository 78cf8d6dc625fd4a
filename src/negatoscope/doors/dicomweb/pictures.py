"""WADO-RS: rendered resources, thumbnails, and encapsulated documents as what they are (PS3.18 10.4.1.1.3, 8.3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.archive.model import Instance
from negatoscope.archive.pictures import (
    PictureRequest,
    kind_of,
    picture_of,
    read_document,
    thumbnail_request,
    tile_of,
    viewed_instances,
)
from negatoscope.archive.presentations import PresentedFrame, find_presented_frames
from negatoscope.doors.dicomweb.multipart_writer import Part, multipart_response
from negatoscope.doors.dicomweb.rendering_parameters import (
    read_annotations,
    read_frame_number,
    read_quality,
    read_viewport,
    read_window,
)
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
from negatoscope.doors.problems import problem
from negatoscope.formats.dicom.presentation import GREYSCALE_STATE
from negatoscope.formats.dicom.rendering import MEDIA_TYPES, MediaType
from negatoscope.platform.errors import InvalidInput, NotFound

_PDF: Final = "application/pdf"
MOST_PICTURES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Form:
    """What the client takes, and whether each picture is to be a part."""

    media_type: MediaType
    multipart: bool
    is_anything: bool


def retrieve_rendered(request: Request) -> Response:
    """Give a frame, an object or what a presentation state shows as pictures; an encapsulated PDF as PDF."""
    uids = {name: uid_of(request, name) for name in ("study_uid", "series_uid", "sop_instance_uid")}
    instance = viewed_instances(platform_of(request), subject_of(request), **uids)[0]
    is_frame_named = "frame" in request.path_params
    if instance.sop_class_uid == GREYSCALE_STATE and not is_frame_named:
        return _presented(request, uids)
    if not is_frame_named:
        document = read_document(platform_of(request), instance)
        if document is not None:
            return _document(request, *document)
    form = _form(request)
    if form is None or kind_of(instance) == "VIDEO":
        return not_acceptable()
    wanted = read_rendering(request, form.media_type)
    if form.multipart:
        numbers = [wanted.frame] if is_frame_named else range(1, instance.frames + 1)
        return _pictures(request, form, [(instance, frame) for frame in numbers])
    return _picture(request, wanted, instance)


def retrieve_rendered_group(request: Request) -> Response:
    """Give every frame of a study or a series as a picture; what has none is left out."""
    scope = scope_of(request)
    found = viewed_instances(
        platform_of(request), subject_of(request), study_uid=uid_of(request, "study_uid"), series_uid=scope["series_uid"]
    )
    form = _form(request)
    shown = [(one, frame) for one in found if kind_of(one) is None for frame in range(1, one.frames + 1)]
    if form is None or not shown or (len(shown) > 1 and not (form.multipart or form.is_anything)):
        return not_acceptable()
    if len(shown) == 1 and not form.multipart:
        return _picture(request, read_rendering(request, form.media_type), shown[0][0])
    return _pictures(request, form, shown)


def retrieve_thumbnail(request: Request) -> Response:
    """Give a small picture of a study, a series, an object or a frame; a tile with a word where there is no image."""
    form = _form(request)
    if form is None or form.media_type not in {"image/jpeg", "image/png"}:
        return not_acceptable()
    viewport = read_viewport(request.query_params.get("viewport"))
    frame = read_frame_number(request.path_params.get("frame"))
    wanted = thumbnail_request(frame=frame, width=viewport.width, height=viewport.height, media_type=form.media_type)
    uids = {name: uid for name, uid in scope_of(request).items() if uid is not None}
    found = viewed_instances(platform_of(request), subject_of(request), **uids)
    shown = next((one for one in found if kind_of(one) is None), None)
    if shown is not None:
        return _picture(request, wanted, shown)
    if "frame" in request.path_params and not 1 <= frame <= found[0].frames:
        raise NotFound("There is no such frame.", reason="no_such_frame")
    return Response(tile_of(kind_of(found[0]) or "", wanted), media_type=wanted.media_type)


def _picture(request: Request, wanted: PictureRequest, instance: Instance) -> Response:
    picture = picture_of(platform_of(request), instance, wanted)
    if wanted.annotations:  # the names on it may be corrected: no tag tells
        return Response(picture.make(), media_type=wanted.media_type, headers={"Cache-Control": "no-store"})
    if is_unchanged(request, picture.etag):
        return unchanged(picture.etag)
    return Response(picture.make(), media_type=wanted.media_type, headers={"ETag": f'"{picture.etag}"'})


def _pictures(request: Request, form: Form, shown: Sequence[tuple[Instance, int]]) -> Response:
    """Give many pictures part by part; each is made when the one before it is on its way."""
    if len(shown) > MOST_PICTURES:
        raise InvalidInput("These are too many pictures for one answer.", reason="too_many_pictures")
    platform, root = platform_of(request), root_of(request)
    wanted = read_rendering(request, form.media_type)

    def parts() -> Iterator[Part]:
        for instance, frame in shown:
            picture = picture_of(platform, instance, wanted.of_frame(frame)).make()
            location = (
                f"{root}/studies/{instance.study_uid}/series/{instance.series_uid}"
                f"/instances/{instance.sop_instance_uid}/frames/{frame}/rendered"
            )
            yield Part(form.media_type, [picture], len(picture), location)

    return multipart_response(form.media_type, parts(), headers={})


def _presented(request: Request, uids: dict[str, str]) -> Response:
    """Give the images of a presentation state as it shows them: the first, or all of them where parts are taken."""
    form = _form(request)
    if form is None:
        return not_acceptable()
    if "window" in request.query_params:
        raise InvalidInput("The presentation state says the window.", reason="bad_window", field="window")
    frames = find_presented_frames(platform_of(request), subject_of(request), **uids)
    try:
        return _presented_frames(request, form, frames)
    except InvalidInput as error:
        if error.reason != "presentation_not_supported":
            raise
        return problem(HTTPStatus.NOT_ACCEPTABLE, "This presentation state is not rendered", reason=error.reason)


def _presented_frames(request: Request, form: Form, frames: Sequence[PresentedFrame]) -> Response:
    viewport = read_viewport(request.query_params.get("viewport"))
    if (viewport.source_x, viewport.source_y, viewport.source_width, viewport.source_height) != (0, 0, 0, 0):
        raise InvalidInput("The presentation state says the region.", reason="bad_viewport", field="viewport")
    quality = read_quality(request.query_params.get("quality"))
    if form.multipart:
        made = (one.make(viewport, form.media_type, quality) for one in frames[:MOST_PICTURES])
        return multipart_response(form.media_type, (Part(form.media_type, [one], len(one)) for one in made), headers={})
    etag = f"{frames[0].etag}-{form.media_type.partition('/')[2]}-{quality}-{viewport.width}x{viewport.height}"
    if is_unchanged(request, etag):
        return unchanged(etag)
    picture = frames[0].make(viewport, form.media_type, quality)
    return Response(picture, media_type=form.media_type, headers={"ETag": f'"{etag}"'})


def _document(request: Request, media_type: str, content: bytes) -> Response:
    if media_type != _PDF or not any(wanted.covers(_PDF) for wanted in ranges_of(request)):
        return not_acceptable()
    # A document is a stranger's content: nothing of it may run in our pages.
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
    return Response(content, media_type=_PDF, headers=headers)


def read_rendering(request: Request, media_type: MediaType) -> PictureRequest:
    """Read window, viewport, quality and annotations; raise InvalidInput naming the one that is malformed."""
    parameters = request.query_params
    return PictureRequest(
        frame=read_frame_number(request.path_params.get("frame")),
        window=read_window(parameters.get("window")),
        viewport=read_viewport(parameters.get("viewport")),
        media_type=media_type,
        quality=read_quality(parameters.get("quality")),
        annotations=read_annotations(parameters.get("annotation")),
    )


def _form(request: Request) -> Form | None:
    """Choose the form; browsers that list others too take anything."""
    for wanted in ranges_of(request):
        for media_type in MEDIA_TYPES.values():
            if wanted.covers(media_type):
                return Form(media_type, wanted.multipart, wanted.media_type == "*/*")
    return None
