"""Pictures for screens that have no DICOM viewer: rendered frames and thumbnails; never for diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive import metadata_store
from negatoscope.archive.decoding import FRAME_TIMEOUT_S, is_native
from negatoscope.archive.model import Instance
from negatoscope.archive.picture_cache import PictureCache
from negatoscope.archive.stored_file import read_frame, read_header
from negatoscope.archive.viewing_trail import authorised_instances
from negatoscope.formats.dicom.files import data_set_from_header
from negatoscope.formats.dicom.greyscale import Window
from negatoscope.formats.dicom.greyscale_plain import PlainGreyscale, greyscale_as_plain
from negatoscope.formats.dicom.greyscale_reading import read_greyscale, with_window
from negatoscope.formats.dicom.isolated import render_frame_plain
from negatoscope.formats.dicom.rendering import DEFAULT_QUALITY, MediaType, Viewport, picture_as_plain
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform

RECIPE_VERSION: Final = 1
THUMBNAIL_SIDE: Final = 256
_LONGEST_KEPT_SIDE: Final = 512
_THUMBNAIL_QUALITY: Final = 80
_LARGEST_SCREEN: Final = 4096
_LARGEST_RENDERED_HERE: Final = 64 << 20
_recent: Final = PictureCache()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """How a frame is to be shown; no window means the first of the object itself."""

    frame: int = 1
    window: Window | None = None
    viewport: Viewport = field(default_factory=Viewport)
    media_type: MediaType = "image/jpeg"
    quality: int = DEFAULT_QUALITY

    @property
    def recipe(self) -> str:
        """Return a text that is the same for the same picture only."""
        view, window = self.viewport, self.window
        region = f"{view.source_x},{view.source_y},{view.source_width},{view.source_height}"
        grey = f"{window.function}:{window.center}:{window.width}" if window is not None else "own"
        return f"{RECIPE_VERSION} {self.media_type} {self.quality} {view.width}x{view.height} {region} {grey}"

    @property
    def is_modest(self) -> bool:
        """Tell whether the picture is no larger than a screen: a huge one is made where memory is limited."""
        return max(self.viewport.width or 0, self.viewport.height or 0) <= _LARGEST_SCREEN

    @property
    def is_kept(self) -> bool:
        """Tell whether the picture is worth keeping: small, whole, and the same for everybody."""
        view = self.viewport
        is_whole = (view.source_x, view.source_y, view.source_width, view.source_height) == (0, 0, 0, 0)
        sides = [side for side in (view.width, view.height) if side is not None]
        return self.window is None and is_whole and bool(sides) and max(sides) <= _LONGEST_KEPT_SIDE


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be made: its tag is known before any work is done."""

    platform: Platform
    instance: Instance
    request: PictureRequest

    @property
    def etag(self) -> str:
        """Return what changes whenever the picture would."""
        return f"{self.instance.blob.sha256[:32]}-{self.request.frame}-{self.request.recipe}".replace(" ", "_")

    def make(self) -> bytes:
        """Return the encoded picture, made before or made now in a process that may be killed."""
        recent = _recent.find(self.platform.tenant, self.etag)
        if recent is not None:
            return recent
        picture = self._kept_or_rendered() if self.request.is_kept else self._render()
        _recent.keep(self.platform.tenant, self.etag, picture)
        return picture

    def _kept_or_rendered(self) -> bytes:
        platform, frame, recipe = self.platform, self.request.frame, self.request.recipe
        with platform.database.read(platform.tenant) as tx:
            kept = metadata_store.find_rendering(tx, self.instance.sop_instance_uid, frame, recipe)
        if kept is not None:
            return kept
        made = self._render()
        with platform.database.transaction(platform.tenant) as tx:
            metadata_store.insert_rendering(tx, self.instance.sop_instance_uid, frame, recipe, made)
        return made

    def _render(self) -> bytes:
        """Decode and render; pixels that need no decoder are rendered here, since 10 MB more through a pipe cost 10 ms."""
        instance, request = self.instance, self.request
        if instance.pixels is None:
            raise NotFound("The object has no frames.", reason="no_such_frame")
        encoded = read_frame(self.platform.blobs, instance, request.frame)
        picture = picture_as_plain(request.viewport, media_type=request.media_type, quality=request.quality)
        pixels, syntax = instance.pixels.as_plain(), instance.transfer_syntax_uid
        if is_native(syntax) and request.is_modest and len(encoded) <= _LARGEST_RENDERED_HERE:
            return render_frame_plain(encoded, pixels, syntax, self._greyscale(), picture)
        return self.platform.sandbox.run(
            render_frame_plain, encoded, pixels, syntax, self._greyscale(), picture, timeout_s=FRAME_TIMEOUT_S
        )

    def _greyscale(self) -> PlainGreyscale | None:
        instance = self.instance
        if instance.pixels is None or not instance.pixels.photometric_interpretation.startswith("MONOCHROME"):
            return None
        header = data_set_from_header(read_header(self.platform.blobs, instance), instance.transfer_syntax_uid)
        parameters = read_greyscale(header, frame=self.request.frame)
        if self.request.window is not None:
            parameters = with_window(parameters, self.request.window)
        return greyscale_as_plain(parameters)


def open_picture(
    platform: Platform,
    subject: Subject,
    request: PictureRequest,
    *,
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    action: Action = Action.VIEW_IMAGES,
) -> Picture:
    """Return the picture of one object; for a study or series, of the first object in it that has pixels."""
    found = authorised_instances(
        platform, subject, action, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid
    )
    shown = next((instance for instance in found if instance.pixels is not None), None)
    if shown is None or not 1 <= request.frame <= shown.frames:
        raise NotFound("There is no such frame.", reason="no_such_frame")
    return Picture(platform, shown, request)


def thumbnail_request(*, frame: int = 1, width: int | None = None, height: int | None = None) -> PictureRequest:
    """Return how a thumbnail is made; its sides are bounded."""
    if width is None and height is None:
        width = height = THUMBNAIL_SIDE
    bounded = [min(side, _LONGEST_KEPT_SIDE) if side is not None else None for side in (width, height)]
    return PictureRequest(frame=frame, viewport=Viewport(width=bounded[0], height=bounded[1]), quality=_THUMBNAIL_QUALITY)


def read_document(
    platform: Platform, subject: Subject, *, study_uid: str, series_uid: str, sop_instance_uid: str
) -> tuple[str, bytes] | None:
    """Return the media type and bytes of an encapsulated document; None for an object of another kind."""
    instance = authorised_instances(
        platform,
        subject,
        Action.VIEW_IMAGES,
        study_uid=study_uid,
        series_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
    )[0]
    if instance.pixels is not None:
        return None
    data_set = data_set_from_header(read_header(platform.blobs, instance), instance.transfer_syntax_uid)
    document = data_set.get("EncapsulatedDocument")
    if not isinstance(document, bytes):
        return None
    length = int(data_set.get("EncapsulatedDocumentLength") or len(document))
    return str(data_set.get("MIMETypeOfEncapsulatedDocument", "")), document[:length]
