"""What of a disc may still be given: its objects that are not rejected, where they stand and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from negatoscope.archive.corrections.tables import corrected_studies
from negatoscope.archive.discs.model import DiscState
from negatoscope.archive.discs.tables import disc_files, disc_objects, discs
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.tables import instances, studies


class Standing(NamedTuple):
    """The objects, and a digest that is another as soon as one is rejected, moved, erased, or says another identity."""

    sop_instance_uids: frozenset[str]
    digest: str


def find_standing(tx: Connection, disc_id: UUID) -> Standing:
    """Return what may be given now of what was asked for on a disc."""
    asked = select(disc_objects.c.sop_instance_uid).where(disc_objects.c.disc_id == disc_id)
    uid = instances.c.sop_instance_uid
    query = (
        select(uid, instances.c.study_uid, instances.c.series_uid, studies.c.patient_id, corrected_studies.c.corrected_at)
        .join(studies, studies.c.study_uid == instances.c.study_uid)
        .outerjoin(corrected_studies, corrected_studies.c.study_uid == instances.c.study_uid)
        .where(uid.in_(asked), not_rejected())
        .order_by(uid)
    )
    rows = [tuple(row) for row in tx.execute(query)]
    return Standing(frozenset(str(row[0]) for row in rows), sha256(repr(rows).encode()).hexdigest())


def is_as_written(tx: Connection, disc_id: UUID, standing: Standing) -> bool:
    """Tell whether a disc was written from just this."""
    written = select(disc_files.c.standing).where(disc_files.c.disc_id == disc_id)
    return bool(tx.execute(written).scalar_one_or_none() == standing.digest)


def list_ready_naming(tx: Connection, study_uid: str) -> list[UUID]:
    """Return the ready discs for which this study was chosen."""
    is_named = discs.c.study_uids.contains([study_uid])
    query = select(discs.c.disc_id).where(discs.c.state == DiscState.READY.value, is_named)
    return list(tx.execute(query.order_by(discs.c.disc_id)).scalars())


def list_discs_holding(tx: Connection, sop_instance_uids: Sequence[str]) -> list[UUID]:
    """Return the discs whose bytes are kept and on which one of these objects was to lie."""
    query = select(disc_files.c.disc_id).join(disc_objects, disc_objects.c.disc_id == disc_files.c.disc_id).distinct()
    return list(tx.execute(query.where(disc_objects.c.sop_instance_uid.in_(sop_instance_uids))).scalars())
