"""Pictures for screens that have no DICOM viewer: rendered frames and thumbnails; never for diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive import metadata_store
from negatoscope.archive.captions import patient_lines, technique_lines
from negatoscope.archive.decoding import FRAME_TIMEOUT_S, is_native
from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance
from negatoscope.archive.picture_cache import PictureCache
from negatoscope.archive.stored_file import read_frame
from negatoscope.archive.study_store import get_study
from negatoscope.archive.viewing_trail import authorised_instances
from negatoscope.formats.dicom.greyscale import Window
from negatoscope.formats.dicom.greyscale_plain import PlainGreyscale, greyscale_as_plain
from negatoscope.formats.dicom.greyscale_reading import read_greyscale, with_window
from negatoscope.formats.dicom.isolated import render_frame_plain
from negatoscope.formats.dicom.lettering import labelled_tile
from negatoscope.formats.dicom.rendering import (
    DEFAULT_QUALITY,
    Captions,
    MediaType,
    Viewport,
    encoded_picture,
    picture_as_plain,
)
from negatoscope.formats.dicom.transfer_syntaxes import find_transfer_syntax
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform

RECIPE_VERSION: Final = 1
THUMBNAIL_SIDE: Final = 256
_LONGEST_KEPT_SIDE: Final = 512
_THUMBNAIL_QUALITY: Final = 80
_LARGEST_SCREEN: Final = 4096
_LARGEST_RENDERED_HERE: Final = 64 << 20
# Roots of storage SOP classes (PS3.4 B.5).
_ENCAPSULATED: Final = "1.2.840.10008.5.1.4.1.1.104."
_ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_STRUCTURED_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."
_PRESENTATION_STATES: Final = "1.2.840.10008.5.1.4.1.1.11."
_recent: Final = PictureCache()


class Annotation(StrEnum):
    """What may be written on a picture (PS3.18 8.3.5.1.1)."""

    PATIENT = "patient"
    TECHNIQUE = "technique"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """How a frame is to be shown; no window means the first of the object itself."""

    frame: int = 1
    window: Window | None = None
    viewport: Viewport = field(default_factory=Viewport)
    media_type: MediaType = "image/jpeg"
    quality: int = DEFAULT_QUALITY
    annotations: frozenset[Annotation] = frozenset()

    @property
    def recipe(self) -> str:
        """Return a text that is the same for the same picture only."""
        view, window = self.viewport, self.window
        region = f"{view.source_x},{view.source_y},{view.source_width},{view.source_height}"
        grey = f"{window.function}:{window.center}:{window.width}" if window is not None else "own"
        return f"{RECIPE_VERSION} {self.media_type} {self.quality} {view.width}x{view.height} {region} {grey}"

    def of_frame(self, frame: int) -> PictureRequest:
        """Return the same for another frame."""
        return replace(self, frame=frame)

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
        is_plain = self.window is None and not self.annotations and is_whole
        return is_plain and bool(sides) and max(sides) <= _LONGEST_KEPT_SIDE


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
        if self.request.annotations:
            return self._render()  # what is written on it may be corrected any moment
        recent = _recent.find(self.platform.tenant, self.etag)
        if recent is not None:
            return recent
        picture = self._kept_or_rendered() if self.request.is_kept else self._render()
        _recent.keep(self.platform.tenant, self.etag, picture)
        return picture

    def _kept_or_rendered(self) -> bytes:
        platform, frame = self.platform, self.request.frame
        recipe = f"{self.instance.blob.sha256[:32]} {self.request.recipe}"
        with platform.database.read(platform.tenant) as tx:
            kept = metadata_store.find_rendering(tx, self.instance.sop_instance_uid, frame, recipe)
        if kept is not None:
            return kept
        made = self._render()
        with platform.database.transaction(platform.tenant) as tx:
            metadata_store.insert_rendering(tx, self.instance, frame, recipe, made)
        return made

    def _render(self) -> bytes:
        """Decode and render; pixels that need no decoder are rendered here, since 10 MB more through a pipe cost 10 ms."""
        instance, request = self.instance, self.request
        if instance.pixels is None:
            raise NotFound("The object has no frames.", reason="no_such_frame")
        encoded = read_frame(self.platform.blobs, instance, request.frame)
        picture = picture_as_plain(
            request.viewport, media_type=request.media_type, quality=request.quality, captions=self._captions()
        )
        pixels, syntax = instance.pixels.as_plain(), instance.transfer_syntax_uid
        if is_native(syntax) and request.is_modest and len(encoded) <= _LARGEST_RENDERED_HERE:
            return render_frame_plain(encoded, pixels, syntax, self._greyscale(), picture)
        return self.platform.sandbox.run(
            render_frame_plain, encoded, pixels, syntax, self._greyscale(), picture, timeout_s=FRAME_TIMEOUT_S
        )

    def _captions(self) -> Captions:
        annotations, instance, platform = self.request.annotations, self.instance, self.platform
        if not annotations:
            return Captions()
        with platform.database.read(platform.tenant) as tx:
            study = get_study(tx, instance.study_uid)
        header = read_attributes(platform, instance)
        return Captions(
            top_left=patient_lines(study) if Annotation.PATIENT in annotations else (),
            bottom_left=technique_lines(header, study) if Annotation.TECHNIQUE in annotations else (),
        )

    def _greyscale(self) -> PlainGreyscale | None:
        instance = self.instance
        if instance.pixels is None or not instance.pixels.photometric_interpretation.startswith("MONOCHROME"):
            return None
        header = read_attributes(self.platform, instance)
        parameters = read_greyscale(header, frame=self.request.frame)
        if self.request.window is not None:
            parameters = with_window(parameters, self.request.window)
        return greyscale_as_plain(parameters)


def picture_of(platform: Platform, instance: Instance, request: PictureRequest) -> Picture:
    """Return the picture of an object that the subject may see, or raise NotFound for a frame that it has not."""
    if not 1 <= request.frame <= instance.frames:
        raise NotFound("There is no such frame.", reason="no_such_frame")
    return Picture(platform, instance, request)


def viewed_instances(
    platform: Platform,
    subject: Subject,
    *,
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
) -> list[Instance]:
    """Return the objects of a study, a series or one object to whoever may view them."""
    return authorised_instances(
        platform, subject, Action.VIEW_IMAGES, study_uid=study_uid, series_uid=series_uid, sop_instance_uid=sop_instance_uid
    )


def thumbnail_request(
    *, frame: int = 1, width: int | None = None, height: int | None = None, media_type: MediaType = "image/jpeg"
) -> PictureRequest:
    """Return how a thumbnail is made; its sides are bounded."""
    if width is None and height is None:
        width = height = THUMBNAIL_SIDE
    bounded = [min(side, _LONGEST_KEPT_SIDE) if side is not None else None for side in (width, height)]
    viewport = Viewport(width=bounded[0], height=bounded[1])
    return PictureRequest(frame=frame, viewport=viewport, media_type=media_type, quality=_THUMBNAIL_QUALITY)


def kind_of(instance: Instance) -> str | None:
    """Return a word for an object that has no picture of its own; None for an image that can be decoded."""
    syntax = find_transfer_syntax(instance.transfer_syntax_uid)
    if syntax is not None and syntax.codec == "video":
        return "VIDEO"
    if instance.pixels is not None:
        return None
    if instance.sop_class_uid.startswith(_ENCAPSULATED):
        return "PDF" if instance.sop_class_uid == _ENCAPSULATED_PDF else "DOC"
    if instance.sop_class_uid.startswith(_STRUCTURED_REPORTS):
        return "SR"
    return "PR" if instance.sop_class_uid.startswith(_PRESENTATION_STATES) else "DATA"


def tile_of(word: str, request: PictureRequest) -> bytes:
    """Return a small picture that says of what kind an object without a picture is."""
    sides = [side for side in (request.viewport.width, request.viewport.height) if side is not None]
    return encoded_picture(labelled_tile(word, max(16, min(sides))), request.media_type, quality=request.quality)


def read_document(platform: Platform, instance: Instance) -> tuple[str, bytes] | None:
    """Return the media type and bytes of an encapsulated document; None for an object of another kind."""
    if instance.pixels is not None:
        return None
    data_set = read_attributes(platform, instance)
    document = data_set.get("EncapsulatedDocument")
    if not isinstance(document, bytes):
        return None
    length = int(data_set.get("EncapsulatedDocumentLength") or len(document))
    return str(data_set.get("MIMETypeOfEncapsulatedDocument", "")), document[:length]
