"""Keep the register: learn from each study as it arrives, answer who asks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, true

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide, visible_patients
from negatoscope.access.model import Subject
from negatoscope.access.policy import Obligation
from negatoscope.archive.prefetch.marks import is_fetched
from negatoscope.archive.studies import list_instances, list_series
from negatoscope.archive.tables import studies
from negatoscope.audit.trail import record
from negatoscope.dose import store
from negatoscope.dose.headers import read_attributes, read_header, read_irradiation_event_uid
from negatoscope.dose.model import PROJECTION_MODALITIES, Exposure, exposure_of, zone_of
from negatoscope.dose.store import RegisterRow
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.events import Event, publish
from negatoscope.platform.logs import get_logger
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform


def record_exposures(platform: Platform, tx: Connection, event: Event) -> None:
    """Add the irradiations of a study that the register does not know yet. Safe to repeat; those of elsewhere count there."""
    if is_fetched(tx, event.subject):
        return
    projections = {one.series_uid for one in list_series(tx, event.subject) if one.modality in PROJECTION_MODALITIES}
    if not projections:
        # A thousand slices of a CT are not opened one by one, each second, to learn that they are none.
        return
    known = store.list_known_instances(tx, event.subject)
    added = 0
    for instance in list_instances(tx, event.subject):
        is_new = instance.sop_instance_uid not in known and instance.pixels is not None
        if not is_new or instance.series_uid not in projections:
            continue
        try:
            header = read_header(platform, instance)
            attributes = read_attributes(header)
        except CorruptObject:
            # One damaged object may not hide the dose of the others; `verify` names it.
            get_logger().warning("exposure_unreadable", reason="unreadable_header")
            continue
        exposure = exposure_of(
            attributes,
            event_uid=read_irradiation_event_uid(header),
            irradiated_at=_in_zone(platform, attributes.acquired_at, attributes.timezone_offset_from_utc),
        )
        if exposure is not None:
            added += store.insert_exposure(tx, exposure, recorded_at=platform.clock.now())
    if added:
        publish(tx, "exposures_recorded", subject=event.subject, payload={"study_uid": event.subject, "count": added})


RECORD_EXPOSURES = Reaction(
    name="record_exposures",
    kinds=frozenset({"study_arrived", "study_updated", "study_stable"}),
    handle=record_exposures,
)


def exposures_of_study(tx: Connection, study_uid: str) -> list[Exposure]:
    """Return the irradiations of a study, in the order of time."""
    return store.list_exposures_of_study(tx, study_uid)


def list_register(
    platform: Platform,
    subject: Subject,
    *,
    patient_id: UUID | None = None,
    body_part: str = "",
    station_name: str = "",
    flagged: bool = False,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[RegisterRow]:
    """Return lines of the register, newest first; the look into it is written down.

    A physicist sees every line, and of the person what `may_ever(subject, Action.SEARCH_PATIENTS)` says: nothing.
    """
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.VIEW_DOSE_REGISTER, patient_id=patient_id)
        decision = decide(tx, subject, Action.VIEW_DOSE_REGISTER, patient_id=patient_id)
        only_related = Obligation.ONLY_RELATED in decision.obligations
        rows = store.list_register(
            tx,
            visible_patients(subject, studies.c.patient_id) if only_related else true(),
            patient_id=patient_id,
            body_part=body_part,
            station_name=station_name,
            flagged=flagged,
            after=after,
            limit=limit,
        )
        record(
            tx,
            subject.actor,
            Action.VIEW_DOSE_REGISTER,
            patient_id=patient_id,
            objects={"studies": sorted({str(row.exposure.study_uid) for row in rows})},
        )
    return rows


def _in_zone(platform: Platform, at: datetime | None, offset: str) -> datetime | None:
    """Read a time without zone in the one that the object names, else in that of the house (PS3.3 C.12.1.1.8)."""
    if at is None or at.tzinfo is not None:
        return at
    return at.replace(tzinfo=zone_of(offset) or ZoneInfo(platform.settings.time_zone))
