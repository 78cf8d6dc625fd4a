"""What an Instance Availability Notification says of a study: which objects can be had from us (PS3.4 annex R)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from negatoscope.access.model import system_subject
from negatoscope.archive.model import Instance
from negatoscope.archive.rejections.store import list_rejections, rejected_instances
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.study_store import list_instances
from negatoscope.platform.runtime import Platform

ONLINE, UNAVAILABLE = "ONLINE", "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Availability:
    """One object and whether it can be had (PS3.3 C.4.23.1.1)."""

    instance: Instance
    value: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The availability of the objects of a study, or of one series."""

    study_uid: str
    objects: tuple[Availability, ...]

    @property
    def sha256(self) -> str:
        """Return what changes whenever the receiver would be told something else."""
        lines = (f"{one.instance.series_uid} {one.instance.sop_instance_uid} {one.value}\n" for one in self.objects)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def notice_of(platform: Platform, tx: Connection, study_uid: str, series_uid: str = "") -> Notice:
    """Return what is to be told now: what the archive shows is online, what was rejected is not available.

    Of whatever else it hides, the notes that reject among them, nothing is told.
    """
    subject = system_subject(platform.tenant, "routing")
    shown = {one.sop_instance_uid for one in list_instances(tx, study_uid, where=visible_instances(subject))}
    rejected = rejected_instances(tx, study_uid).keys() - {one.note_uid for one in list_rejections(tx, study_uid)}
    every = list_instances(tx, study_uid, series_uid or None)
    return Notice(
        study_uid,
        tuple(
            Availability(one, ONLINE if one.sop_instance_uid in shown else UNAVAILABLE)
            for one in every
            if one.sop_instance_uid in shown or one.sop_instance_uid in rejected
        ),
    )
