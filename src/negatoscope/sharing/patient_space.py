"""What patients see of their own record: the studies, the signed reports, and who looked, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.model import Study
from negatoscope.archive.studies import list_studies_of_patient
from negatoscope.audit.model import Entry
from negatoscope.audit.reading import list_accesses
from negatoscope.patients.model import Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import NotFound
from negatoscope.reporting.model import ReportVersion, VersionStatus
from negatoscope.reporting.reports import latest_versions

TOGETHER = timedelta(hours=1)


class Deed(StrEnum):
    """What somebody did with the record, as a patient would say it."""

    LOOKED_AT_IMAGES = "looked_at_images"
    READ_REPORT = "read_report"
    WROTE_REPORT = "wrote_report"
    TOOK_COPY = "took_copy"
    SHARED = "shared"
    OPENED_LINK = "opened_link"
    OPENED_IN_EMERGENCY = "opened_in_emergency"
    CHANGED_RECORD = "changed_record"
    ORDERED = "ordered"


DEEDS: Mapping[str, Deed] = MappingProxyType({
    "view_study": Deed.LOOKED_AT_IMAGES,
    "view_images": Deed.LOOKED_AT_IMAGES,
    "retrieve_images": Deed.LOOKED_AT_IMAGES,
    "view_ai_result": Deed.LOOKED_AT_IMAGES,
    "read_final_report": Deed.READ_REPORT,
    "read_preliminary_report": Deed.READ_REPORT,
    "draft_report": Deed.WROTE_REPORT,
    "sign_preliminary": Deed.WROTE_REPORT,
    "sign_final": Deed.WROTE_REPORT,
    "addend_report": Deed.WROTE_REPORT,
    "download_dicom": Deed.TOOK_COPY,
    "images_sent": Deed.TOOK_COPY,
    "create_share": Deed.SHARED,
    "open_share": Deed.OPENED_LINK,
    "break_glass": Deed.OPENED_IN_EMERGENCY,
    "patient_edited": Deed.CHANGED_RECORD,
    "edit_patient": Deed.CHANGED_RECORD,
    "merge_patients": Deed.CHANGED_RECORD,
    "unmerge_patients": Deed.CHANGED_RECORD,
    "create_order": Deed.ORDERED,
    "order_received": Deed.ORDERED,
})  # fmt: skip
"""Acts that concern the patient's privacy; what machines do among themselves to run the examination is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """One study with its signed report: the latest final version, addenda included; None while there is none."""

    study: Study
    report: ReportVersion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Somebody did something with the record, `count` times within an hour, the last time at `at`."""

    at: datetime
    who: str
    actor_user_id: UUID | None
    roles: tuple[str, ...]
    through: str
    deed: Deed
    study_uid: str | None
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSpace:
    """The whole of what a patient sees."""

    patient: Patient
    exams: tuple[Exam, ...]
    accesses: tuple[Access, ...]


def patient_space(tx: Connection, subject: Subject) -> PatientSpace:
    """Return the space of the patient who asks, newest things first."""
    if subject.patient_id is None:
        raise NotFound("Nothing is here.")
    authorise(tx, subject, Action.VIEW_OWN_ACCESS_LOG, patient_id=subject.patient_id)
    authorise(tx, subject, Action.READ_FINAL_REPORT, patient_id=subject.patient_id)
    studies = list_studies_of_patient(tx, subject.patient_id)
    signed = latest_versions(tx, [study.study_uid for study in studies])
    exams = [Exam(study=study, report=_final(signed.get(study.study_uid))) for study in studies]
    return PatientSpace(
        patient=get_patient(tx, subject.patient_id),
        exams=tuple(exams),
        accesses=tuple(tell_accesses(list_accesses(tx, patient_id=subject.patient_id, limit=1000))),
    )


def tell_accesses(entries: Sequence[Entry]) -> list[Access]:
    """Return entries, newest first, in plain words: acts that concern nobody left out, the same within an hour told once."""
    told: list[Access] = []
    for entry in entries:
        deed = DEEDS.get(entry.action)
        if deed is None or entry.outcome != "success" or entry.actor.kind == "system":
            continue
        access = Access(
            at=entry.at,
            who=entry.actor.name,
            actor_user_id=entry.actor.user_id,
            roles=entry.actor.roles,
            through=entry.actor.kind,
            deed=deed,
            study_uid=entry.study_uid,
            reason=entry.reason if deed is Deed.OPENED_IN_EMERGENCY else None,
            count=1,
        )
        same = next((index for index, known in enumerate(told) if _belongs(known, access)), None)
        if same is None:
            told.append(access)
        else:
            told[same] = replace(told[same], count=told[same].count + 1)
    return told


def _belongs(known: Access, access: Access) -> bool:
    return (
        (known.who, known.actor_user_id, known.deed, known.study_uid, known.through, known.reason)
        == (access.who, access.actor_user_id, access.deed, access.study_uid, access.through, access.reason)
    ) and known.at - access.at <= TOGETHER


def _final(version: ReportVersion | None) -> ReportVersion | None:
    return version if version is not None and version.status is not VersionStatus.PRELIMINARY else None
