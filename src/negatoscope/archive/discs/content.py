"""The files of a disc, one after the other as they are written: objects, pictures, pages, and the directory at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from negatoscope.archive.corrections.marks import CorrectedStudy
from negatoscope.archive.discs.disguise import Disguise, OutgoingObject, disguised, with_identity
from negatoscope.archive.discs.model import Remark
from negatoscope.archive.discs.page import Shown, index_page, read_me
from negatoscope.archive.model import Instance
from negatoscope.archive.pictures import Picture, PictureRequest
from negatoscope.formats.dicom.media_directory import MediaDirectory
from negatoscope.formats.dicom.rendering import Viewport
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.errors import CorruptObject, InvalidInput, NotFound, Refused
from negatoscope.platform.runtime import Platform

FILE_SET_ID: Final = "NEGATOSCOPE"
MOST_PICTURES_OF_A_SERIES: Final = 30
_PICTURE_SIDE: Final = 1024
_UNREADABLE: Final = (CorruptObject, InvalidInput, NotFound, Refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscFile:
    """One file of a disc. The chunks are read once, before the next file is asked for."""

    name: str
    chunks: Iterable[bytes]
    is_object: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscObject:
    """One object that belongs on a disc, what tells its patient from others, and what was corrected in its study."""

    instance: Instance
    patient: str
    corrected: CorrectedStudy | None = None


@dataclass(slots=True, kw_only=True)
class DiscContent:
    """What goes on one disc. `files` may be walked once; then `remarks` say what must be known of it."""

    platform: Platform
    objects: Sequence[DiscObject]
    disguise: Disguise | None = None
    language: str = "fr"
    remarks: list[tuple[str, str]] = field(default_factory=list)

    def files(self) -> Iterator[DiscFile]:
        """Yield the files. Names keep to ISO 9660 level 1 and PS3.10 8.2: eight capitals or digits, nothing of a patient."""
        directory = MediaDirectory(FILE_SET_ID)
        shown: list[Shown] = []
        chosen = _pictured(self.objects)
        numbers = _Numbers()
        for one in self.objects:
            path = numbers.path_of(one.instance)
            name = "/".join(path)
            outgoing = self._outgoing(one, name)
            if outgoing is None:
                continue
            if not directory.add(outgoing.header, file_id=path, transfer_syntax_uid=outgoing.transfer_syntax_uid):
                self.remarks.append((name, Remark.NOT_IN_DIRECTORY.value))
            self.remarks += [(name, concern.value) for concern in sorted(outgoing.concerns)]
            yield DiscFile(name=name, chunks=outgoing.chunks, is_object=True)
            picture = self._picture(one.instance) if one.instance.sop_instance_uid in chosen else None
            picture_name = f"PICTURES/{path[-1].replace('IM', 'P')}.JPG" if picture is not None else None
            shown.append(Shown.of(outgoing.header, file_name=name, picture_name=picture_name))
            if picture is not None and picture_name is not None:
                yield DiscFile(name=picture_name, chunks=[picture])
        yield DiscFile(name="INDEX.HTM", chunks=[index_page(shown, self.language, without_identity=self.disguise is not None)])
        yield DiscFile(name="README.TXT", chunks=[read_me(self.remarks, self.language, objects=len(shown))])
        yield DiscFile(name="DICOMDIR", chunks=[directory.encode(instance_uid=new_uid())])

    def _outgoing(self, one: DiscObject, name: str) -> OutgoingObject | None:
        """Return the object as it leaves; None, with a remark, for one that cannot."""
        try:
            if self.disguise is None:
                return with_identity(self.platform, one.instance, one.corrected)
            return disguised(self.platform, one.instance, self.disguise, patient=one.patient, corrected=one.corrected)
        except Refused:
            self.remarks.append((name, Remark.LEFT_OUT.value))
        except CorruptObject:
            self.remarks.append((name, Remark.DAMAGED.value))
        return None

    def _picture(self, instance: Instance) -> bytes | None:
        """Return the first frame as JPEG; None for one that cannot be shown: the object itself is there all the same."""
        request = PictureRequest(viewport=Viewport(width=_PICTURE_SIDE, height=_PICTURE_SIDE))
        try:
            return Picture(self.platform, instance, request).make()
        except _UNREADABLE:
            return None


class _Numbers:
    """Number studies, series and objects in the order they come."""

    def __init__(self) -> None:
        self._studies: dict[str, int] = {}
        self._series: dict[tuple[str, str], int] = {}
        self._objects = 0

    def path_of(self, instance: Instance) -> tuple[str, ...]:
        """Return the path of the next object."""
        study = self._studies.setdefault(instance.study_uid, len(self._studies) + 1)
        series = self._series.setdefault((instance.study_uid, instance.series_uid), len(self._series) + 1)
        self._objects += 1
        return "DICOM", f"ST{study:06}", f"SE{series:06}", f"IM{self._objects:06}"


def _pictured(objects: Sequence[DiscObject]) -> set[str]:
    """Return which objects get a picture: all of a short series, evenly spread ones of a long one."""
    of_series: dict[tuple[str, str], list[str]] = {}
    for one in objects:
        if one.instance.pixels is not None:
            key = (one.instance.study_uid, one.instance.series_uid)
            of_series.setdefault(key, []).append(one.instance.sop_instance_uid)
    chosen: set[str] = set()
    for uids in of_series.values():
        step = max(1.0, len(uids) / MOST_PICTURES_OF_A_SERIES)
        chosen.update(uids[int(place * step)] for place in range(min(len(uids), MOST_PICTURES_OF_A_SERIES)))
    return chosen
