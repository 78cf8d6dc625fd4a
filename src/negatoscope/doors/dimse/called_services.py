"""What we ask of other application entities, in the role of user: for the conformance statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from negatoscope.doors.dimse.sending import AVAILABILITY_NOTIFICATION
from negatoscope.doors.dimse.sop_classes import STUDY_ROOT_FIND, STUDY_ROOT_MOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledService:
    """One service of others that we use. `uid` '' stands for every storage class."""

    name: str
    uid: str
    operation: str
    occasion: str


CALLED: Final = (
    CalledService(name="Storage, every class", uid="", operation="C-STORE", occasion="routing rules, C-MOVE"),
    CalledService(
        name="Instance Availability Notification",
        uid=AVAILABILITY_NOTIFICATION,
        operation="N-CREATE",
        occasion="routing rules that notify",
    ),
    CalledService(
        name="Study Root Query/Retrieve - FIND",
        uid=STUDY_ROOT_FIND,
        operation="C-FIND",
        occasion="earlier examinations of a patient",
    ),
    CalledService(
        name="Study Root Query/Retrieve - MOVE",
        uid=STUDY_ROOT_MOVE,
        operation="C-MOVE to ourselves",
        occasion="earlier examinations of a patient",
    ),
)
