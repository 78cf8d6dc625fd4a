"""What the archive holds: studies, series, instances, and what became of an object that was received. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from negatoscope.formats.dicom.attributes import PixelDescription, Request
from negatoscope.formats.dicom.uids import SeriesUid, SopInstanceUid, StudyUid
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import InvalidTransition


class StudyState(StrEnum):
    """Whether images of a study may still be on their way."""

    RECEIVING = "receiving"
    STABLE = "stable"


class StudyEvent(StrEnum):
    """What moves a study between its states."""

    INSTANCE_RECEIVED = "instance_received"
    QUIET = "quiet"
    STEP_COMPLETED = "step_completed"


STUDY_TRANSITIONS: dict[tuple[StudyState, StudyEvent], StudyState] = {
    (StudyState.RECEIVING, StudyEvent.INSTANCE_RECEIVED): StudyState.RECEIVING,
    (StudyState.RECEIVING, StudyEvent.QUIET): StudyState.STABLE,
    (StudyState.RECEIVING, StudyEvent.STEP_COMPLETED): StudyState.STABLE,
    # A late image opens the study again; it will be announced as stable once more.
    (StudyState.STABLE, StudyEvent.INSTANCE_RECEIVED): StudyState.RECEIVING,
    (StudyState.STABLE, StudyEvent.STEP_COMPLETED): StudyState.STABLE,
}


def next_study_state(state: StudyState, event: StudyEvent) -> StudyState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = STUDY_TRANSITIONS.get((state, event))
    if target is None:
        raise InvalidTransition("The study cannot change its state that way.")
    return target


class Outcome(StrEnum):
    """What became of an object. Its bytes are kept unless it was REFUSED; STORED and DUPLICATE are success without reserve.

    CONFLICT: other bytes were stored under this UID before; they stay current, these wait for a person.
    QUARANTINED: the object could deceive a reader; `StoredInstance.refusal` says why.
    REFUSED: the sender himself asked for another study than the object's.
    """

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


class SourceKind(StrEnum):
    """The way by which objects come in."""

    DIMSE = "dimse"
    STOW = "stow"
    IMPORT = "import"
    FETCH = "fetch"
    PRODUCT = "product"


@dataclass(slots=True, kw_only=True)
class Source:
    """One association, request or import run. It remembers what was already authorised and audited under it.

    `name` is the calling AE title, the login, the archive from which we fetched, or the part of the product; `address` the
    peer.
    """

    kind: SourceKind
    name: str
    address: str | None = None
    authorised: bool = field(default=False, repr=False)
    audited_studies: set[str] = field(default_factory=set, repr=False)

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInstance:
    """The answer to one object. UIDs are None where the object was too damaged to tell them."""

    outcome: Outcome
    study_uid: StudyUid | None
    series_uid: SeriesUid | None
    sop_instance_uid: SopInstanceUid | None
    sop_class_uid: str | None
    warnings: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One study as the archive knows it. Patient columns are the identity now on record, not always what was sent."""

    study_uid: StudyUid
    patient_id: UUID
    patient_name: str
    patient_identifier: str
    patient_issuer: str
    patient_birth_date: date | None
    patient_sex: str
    accession_number: str
    accession_issuer: str
    study_identifier: str
    study_date: date | None
    study_time: time | None
    study_description: str
    referring_physician: str
    requests: tuple[Request, ...]
    modalities: tuple[str, ...]
    state: StudyState
    stable_reason: str | None
    stable_at: datetime | None
    instances: int
    series: int
    received_at: datetime
    last_received_at: datetime
    version: int
    timezone_offset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of a study."""

    study_uid: StudyUid
    series_uid: SeriesUid
    modality: str
    series_number: int | None
    series_description: str
    series_date: date | None
    series_time: time | None
    body_part: str
    laterality: str
    protocol_name: str
    station_name: str
    institution_name: str
    manufacturer: str
    model_name: str
    operators_name: str
    performed_step_identifier: str
    performed_step_uid: str
    requests: tuple[Request, ...]
    received_at: datetime
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance, and where its bytes and pixels lie. Offsets count in the stored Part 10 file."""

    study_uid: StudyUid
    series_uid: SeriesUid
    sop_instance_uid: SopInstanceUid
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: int | None
    pixels: PixelDescription | None
    data_set_offset: int
    header_end: int
    pixel_tag: int | None
    pixel_offset: int | None
    pixel_length: int | None
    frame_index: bytes | None
    warnings: tuple[str, ...]
    source: str
    received_at: datetime
    blob: BlobRef

    @property
    def frames(self) -> int:
        """Count the frames; 0 for an object without pixels."""
        return self.pixels.frames if self.pixels is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldInstance:
    """An object in quarantine or in conflict, for the person who settles it."""

    held_id: str
    reason: str
    study_uid: StudyUid | None
    sop_instance_uid: SopInstanceUid | None
    source: str
    received_at: datetime
    size: int
    sha256: str
