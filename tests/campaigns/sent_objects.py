"""The objects of a campaign: CT slices with random pixels, each with a hash of the data set as it was sent."""

from __future__ import annotations

import hashlib
import random
import threading
from dataclasses import dataclass
from typing import Final

from negatoscope.formats.dicom.files import file_head
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from tests.builders.dicom import CT_IMAGE, a_ct_slice, bare_bytes

SIDES: Final = (*(64,) * 57, 256, 512, 1100)
"""Rows of the slices by lot: from 8 kB to 2.4 MB, so that some fill several sealed frames."""
OBJECTS_A_STUDY: Final = 40


@dataclass(frozen=True, slots=True)
class SentObject:
    """One object on its way: its data set in explicit VR little endian."""

    sop_instance_uid: str
    study_uid: str
    data_set: bytes
    sha256: str

    @property
    def file(self) -> bytes:
        """Return it as a Part 10 file."""
        head = file_head(
            sop_class_uid=CT_IMAGE, sop_instance_uid=self.sop_instance_uid, transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN
        )
        return head + self.data_set


class Maker:
    """Make objects, each once, from any thread; `first` is the number of the first, so that a resumed campaign repeats none."""

    def __init__(self, seed: int, first: int = 0) -> None:
        self._random = random.Random(seed + first)
        self._lock = threading.Lock()
        self._number = first
        self._templates = {side: _template(side) for side in set(SIDES)}

    def next(self) -> SentObject:
        """Return an object that was never sent."""
        with self._lock:
            self._number += 1
            number = self._number
            side = SIDES[self._random.randrange(len(SIDES))]
            pixels = self._random.randbytes(side * side * 2)
        study = number // OBJECTS_A_STUDY
        data_set = self._templates[side]
        for placeholder, uid in ((_uid(1, 0), _uid(1, number)), (_uid(2, 0), _uid(2, study)), (_uid(3, 0), _uid(3, study))):
            data_set = data_set.replace(placeholder.encode(), uid.encode())
        data_set = data_set[: -len(pixels)] + pixels
        return SentObject(_uid(1, number), _uid(2, study), data_set, hashlib.sha256(data_set).hexdigest())


def _uid(kind: int, number: int) -> str:
    return f"2.25.{kind}{number:033d}"


def _template(side: int) -> bytes:
    identity = {"SOPInstanceUID": _uid(1, 0), "StudyInstanceUID": _uid(2, 0), "SeriesInstanceUID": _uid(3, 0)}
    return bare_bytes(a_ct_slice(rows=side, columns=side, **identity))
