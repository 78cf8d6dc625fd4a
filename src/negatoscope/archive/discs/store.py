"""Discs in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from negatoscope.archive.discs.model import Disc, DiscRequest, DiscState
from negatoscope.archive.discs.tables import deidentification_projects, disc_files, disc_objects, discs
from negatoscope.archive.store import blob_values
from negatoscope.formats.dicom.deidentification.profile import Option
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import NotFound
from negatoscope.platform.sealing import Sealed


def insert_disc(tx: Connection, disc: Disc, sop_instance_uids: Sequence[str]) -> None:
    """Add a disc and the objects that belong on it, in their order."""
    request = disc.request
    tx.execute(
        insert(discs).values(
            disc_id=disc.disc_id,
            state=disc.state.value,
            study_uids=list(request.study_uids),
            project=request.project,
            options=sorted(option.value for option in request.options),
            language=request.language,
            reason=request.reason,
            requested_by=disc.requested_by,
            requested_by_name=disc.requested_by_name,
            requested_at=disc.requested_at,
            objects=disc.objects,
            written=0,
            remarks=[],
        )
    )
    rows = [
        {"disc_id": disc.disc_id, "number": number, "sop_instance_uid": uid} for number, uid in enumerate(sop_instance_uids, 1)
    ]
    tx.execute(insert(disc_objects), rows)


def get_disc(tx: Connection, disc_id: UUID, *, lock: bool = False) -> Disc:
    """Return a disc, or raise NotFound; `lock` holds it until the transaction ends."""
    query = _select().where(discs.c.disc_id == disc_id)
    row = tx.execute(query.with_for_update(of=discs) if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such disc.", reason="no_such_disc")
    return _disc(row)


def list_discs(
    tx: Connection, requested_by: UUID, *, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Disc]:
    """Return a person's discs, the newest first, those after this place in the list."""
    query = _select().where(discs.c.requested_by == requested_by)
    if after is not None:
        query = query.where(tuple_(discs.c.requested_at, discs.c.disc_id) < after)
    query = query.order_by(discs.c.requested_at.desc(), discs.c.disc_id.desc()).limit(limit)
    return [_disc(row) for row in tx.execute(query).mappings()]


def list_ready_since(tx: Connection, until: datetime, limit: int = 100) -> list[UUID]:
    """Return the discs that have been ready since before this time, the oldest first."""
    query = select(discs.c.disc_id).where(discs.c.state == DiscState.READY.value, discs.c.ended_at < until)
    return list(tx.execute(query.order_by(discs.c.ended_at).limit(limit)).scalars())


def list_objects(tx: Connection, disc_id: UUID) -> list[str]:
    """Return the SOP Instance UIDs of what belongs on a disc, in their order."""
    query = select(disc_objects.c.sop_instance_uid).where(disc_objects.c.disc_id == disc_id)
    return list(tx.execute(query.order_by(disc_objects.c.number)).scalars())


def update_disc(tx: Connection, disc_id: UUID, **values: object) -> None:
    """Change columns of a disc."""
    tx.execute(update(discs).where(discs.c.disc_id == disc_id).values(**values))


def insert_file(tx: Connection, disc_id: UUID, blob: BlobRef, standing: str) -> None:
    """Say where the bytes of a disc are, and what they were made of."""
    tx.execute(insert(disc_files).values(disc_id=disc_id, standing=standing, **blob_values(blob)))


def find_file(tx: Connection, disc_id: UUID) -> BlobRef | None:
    """Return where the bytes of a disc are, None when it has none."""
    row = tx.execute(select(disc_files).where(disc_files.c.disc_id == disc_id)).mappings().one_or_none()
    if row is None:
        return None
    return BlobRef(
        key=row["blob_key"], size=row["blob_size"], sha256=row["blob_sha256"], wrapped_key=bytes(row["blob_wrapped_key"])
    )


def list_ended_with_file(tx: Connection, limit: int = 100) -> list[UUID]:
    """Return the discs that are given no more and still have bytes."""
    query = select(discs.c.disc_id).join(disc_files, disc_files.c.disc_id == discs.c.disc_id)
    return list(tx.execute(query.where(discs.c.state != DiscState.READY.value).limit(limit)).scalars())


def delete_file(tx: Connection, disc_id: UUID) -> None:
    """Forget the bytes of a disc, and which objects belonged on it."""
    tx.execute(delete(disc_files).where(disc_files.c.disc_id == disc_id))
    tx.execute(delete(disc_objects).where(disc_objects.c.disc_id == disc_id))


def insert_project(tx: Connection, project: str, sealed: Sealed, *, at: datetime, by: str) -> None:
    """Keep the key of a project; one that is there already stays."""
    statement = insert_or(deidentification_projects).values(
        project=project, sealed_key=sealed.content, wrapped_key=sealed.wrapped_key, created_at=at, created_by_name=by
    )
    tx.execute(statement.on_conflict_do_nothing())


def find_project(tx: Connection, project: str) -> Sealed | None:
    """Return the sealed key of a project."""
    table = deidentification_projects
    row = tx.execute(select(table).where(table.c.project == project)).mappings().one_or_none()
    return Sealed(bytes(row["sealed_key"]), bytes(row["wrapped_key"])) if row is not None else None


def list_projects(tx: Connection, limit: int = 100) -> list[str]:
    """Return the names of the projects."""
    query = select(deidentification_projects.c.project).order_by(deidentification_projects.c.project).limit(limit)
    return list(tx.execute(query).scalars())


def _select() -> Select[Any]:
    return select(discs, disc_files.c.blob_size).outerjoin(disc_files, disc_files.c.disc_id == discs.c.disc_id)


def _disc(row: RowMapping) -> Disc:
    return Disc(
        disc_id=row["disc_id"],
        state=DiscState(row["state"]),
        request=DiscRequest(
            study_uids=tuple(row["study_uids"]),
            project=row["project"],
            options=frozenset(Option(option) for option in row["options"]),
            language=row["language"],
            reason=row["reason"],
        ),
        requested_by=row["requested_by"],
        requested_by_name=row["requested_by_name"],
        requested_at=row["requested_at"],
        objects=row["objects"],
        written=row["written"],
        remarks=tuple((str(name), str(word)) for name, word in row["remarks"]),
        ended_at=row["ended_at"],
        size=row["blob_size"],
    )
