"""Images as a stored presentation state has them shown (PS3.4 N)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive.decoding import decoded_frame
from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance
from negatoscope.archive.stored_file import read_frame
from negatoscope.archive.viewing_trail import authorised_instances
from negatoscope.formats.dicom.presentation import GREYSCALE_STATE
from negatoscope.formats.dicom.presentation_drawing import draw_presentation
from negatoscope.formats.dicom.presentation_reading import list_references, read_presentation
from negatoscope.formats.dicom.rendering import MediaType, Viewport, encoded_picture
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

LARGEST_SCREEN: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedFrame:
    """One frame as a state has it shown; nothing is decoded before it is made."""

    platform: Platform
    state: Instance
    attributes: Dataset
    instance: Instance
    frame: int

    @property
    def etag(self) -> str:
        """Return what changes whenever the picture would, its form apart."""
        return f"{self.state.blob.sha256[:24]}-{self.instance.blob.sha256[:24]}-{self.frame}"

    def make(self, viewport: Viewport, media_type: MediaType, quality: int) -> bytes:
        """Return the encoded picture; InvalidInput (`presentation_not_supported`) where the state asks for what is not done."""
        pixels, instance = self.instance.pixels, self.instance
        if max(viewport.width or 0, viewport.height or 0) > LARGEST_SCREEN:
            raise InvalidInput("The size of the picture is out of bounds.", reason="bad_viewport", field="viewport")
        if pixels is None:
            raise NotFound("The object has no frames.", reason="no_such_frame")
        state = read_presentation(self.attributes, pixels, sop_instance_uid=instance.sop_instance_uid, frame=self.frame)
        encoded = read_frame(self.platform.blobs, instance, self.frame)
        frame = decoded_frame(self.platform.sandbox, encoded, pixels, instance.transfer_syntax_uid)
        return encoded_picture(draw_presentation(frame, state, viewport), media_type, quality=quality)


def find_presented_frames(
    platform: Platform, subject: Subject, *, study_uid: str, series_uid: str, sop_instance_uid: str
) -> list[PresentedFrame]:
    """Return the frames that a greyscale presentation state shows, in its order.

    A state refers to images of its own study alone (PS3.3 C.11.11). Raises NotFound when none of them is here.
    """
    found = authorised_instances(platform, subject, Action.VIEW_IMAGES, study_uid=study_uid)
    by_uid: dict[str, Instance] = {instance.sop_instance_uid: instance for instance in found}
    state = by_uid.get(sop_instance_uid)
    if state is None or state.series_uid != series_uid or state.sop_class_uid != GREYSCALE_STATE:
        raise NotFound("Nothing is here.", reason="no_such_instance")
    attributes = read_attributes(platform, state)
    frames = [
        PresentedFrame(platform=platform, state=state, attributes=attributes, instance=image, frame=frame)
        for reference in list_references(attributes)
        if (image := by_uid.get(reference.sop_instance_uid)) is not None
        for frame in reference.frames or range(1, image.frames + 1)
        if 1 <= frame <= image.frames
    ]
    if not frames:
        raise NotFound("The images of this presentation state are not here.", reason="no_such_frame")
    return frames
