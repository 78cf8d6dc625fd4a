"""Imports in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from negatoscope.archive.imports.model import FileVerdict, Import, ImportState, Verdict
from negatoscope.archive.imports.tables import import_archives, import_files, imports
from negatoscope.archive.store import blob_values
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import NotFound


def insert_import(tx: Connection, one: Import, *, fingerprint: str | None = None) -> None:
    """Add an import."""
    tx.execute(
        insert(imports).values(
            import_id=one.import_id,
            state=one.state.value,
            title=one.title,
            fingerprint=fingerprint,
            started_by=one.started_by,
            started_by_name=one.started_by_name,
            started_at=one.started_at,
            files=one.files,
        )
    )


def get_import(tx: Connection, import_id: UUID, *, lock: bool = False) -> Import:
    """Return an import, or raise NotFound; `lock` holds it until the transaction ends."""
    query = select(imports).where(imports.c.import_id == import_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such import.", reason="no_such_import")
    return _import(row, _counts(tx, [import_id]).get(import_id, {}))


def find_interrupted(tx: Connection, fingerprint: str) -> UUID | None:
    """Return the import of this very folder or file that did not come to its end, the latest."""
    open_states = (ImportState.READING.value, ImportState.FAILED.value)
    query = select(imports.c.import_id).where(imports.c.fingerprint == fingerprint, imports.c.state.in_(open_states))
    return tx.execute(query.order_by(imports.c.started_at.desc()).limit(1)).scalar_one_or_none()


def list_imports(tx: Connection, *, after: tuple[datetime, UUID] | None = None, limit: int = 50) -> list[Import]:
    """Return imports, the newest first, those after this place in the list."""
    query = select(imports)
    if after is not None:
        query = query.where(tuple_(imports.c.started_at, imports.c.import_id) < after)
    query = query.order_by(imports.c.started_at.desc(), imports.c.import_id.desc()).limit(limit)
    rows = tx.execute(query).mappings().all()
    counts = _counts(tx, [row["import_id"] for row in rows])
    return [_import(row, counts.get(row["import_id"], {})) for row in rows]


def update_import(tx: Connection, import_id: UUID, **values: object) -> None:
    """Change columns of an import."""
    tx.execute(update(imports).where(imports.c.import_id == import_id).values(**values))


def upsert_verdicts(tx: Connection, import_id: UUID, verdicts: Sequence[FileVerdict]) -> None:
    """Write down what became of files; of a file that was read twice the last counts."""
    latest = {verdict.name: verdict for verdict in verdicts}
    if not latest:
        return
    rows = [
        {
            "import_id": import_id,
            "name": one.name,
            "verdict": one.verdict.value,
            "reason": one.reason,
            "study_uid": one.study_uid,
        }
        for one in latest.values()
    ]
    statement = insert_or(import_files)
    changed = {name: statement.excluded[name] for name in ("verdict", "reason", "study_uid")}
    # By the name of the key: its first column is the tenant, which the table itself fills in.
    tx.execute(statement.on_conflict_do_update(constraint="import_files_pkey", set_=changed), rows)


def list_names_done(tx: Connection, import_id: UUID) -> set[str]:
    """Return the names of the files that need not be read again: all but those that were refused."""
    refused = Verdict.REFUSED.value
    query = select(import_files.c.name).where(import_files.c.import_id == import_id, import_files.c.verdict != refused)
    return set(tx.execute(query).scalars())


def list_verdicts(
    tx: Connection, import_id: UUID, *, verdict: Verdict | None = None, after: str = "", limit: int = 100
) -> list[FileVerdict]:
    """Return what became of files in the order of their names, those after this name."""
    query = select(import_files).where(import_files.c.import_id == import_id, import_files.c.name > after)
    if verdict is not None:
        query = query.where(import_files.c.verdict == verdict.value)
    return [
        FileVerdict(name=row["name"], verdict=Verdict(row["verdict"]), reason=row["reason"], study_uid=row["study_uid"])
        for row in tx.execute(query.order_by(import_files.c.name).limit(limit)).mappings()
    ]


def list_study_uids(tx: Connection, import_id: UUID, limit: int = 100) -> list[str]:
    """Return the studies of which an import brought anything."""
    brought = (Verdict.STORED.value, Verdict.DUPLICATE.value, Verdict.CONFLICT.value)
    query = select(import_files.c.study_uid).distinct()
    query = query.where(
        import_files.c.import_id == import_id, import_files.c.study_uid.is_not(None), import_files.c.verdict.in_(brought)
    )
    return [str(uid) for uid in tx.execute(query.order_by(import_files.c.study_uid).limit(limit)).scalars()]


def insert_archive(tx: Connection, import_id: UUID, number: int, name: str, blob: BlobRef) -> None:
    """Keep a ZIP that waits to be read."""
    tx.execute(insert(import_archives).values(import_id=import_id, number=number, name=name, **blob_values(blob)))


def list_archives(tx: Connection, import_id: UUID) -> list[tuple[int, str, BlobRef]]:
    """Return number, name and bytes of the ZIPs that wait."""
    query = select(import_archives).where(import_archives.c.import_id == import_id).order_by(import_archives.c.number)
    return [
        (
            row["number"],
            row["name"],
            BlobRef(
                key=row["blob_key"],
                size=row["blob_size"],
                sha256=row["blob_sha256"],
                wrapped_key=bytes(row["blob_wrapped_key"]),
            ),
        )
        for row in tx.execute(query).mappings()
    ]


def delete_archive(tx: Connection, import_id: UUID, number: int) -> None:
    """Forget a ZIP that was read."""
    tx.execute(delete(import_archives).where(import_archives.c.import_id == import_id, import_archives.c.number == number))


def _counts(tx: Connection, import_ids: Sequence[UUID]) -> dict[UUID, dict[Verdict, int]]:
    """Count the verdicts of some imports in one query."""
    query = select(import_files.c.import_id, import_files.c.verdict, func.count()).where(
        import_files.c.import_id.in_(list(import_ids))
    )
    counts: dict[UUID, dict[Verdict, int]] = {}
    for import_id, verdict, count in tx.execute(query.group_by(import_files.c.import_id, import_files.c.verdict)):
        counts.setdefault(import_id, {})[Verdict(verdict)] = count
    return counts


def _import(row: RowMapping, verdicts: dict[Verdict, int]) -> Import:
    return Import(
        import_id=row["import_id"],
        state=ImportState(row["state"]),
        title=row["title"],
        started_by=row["started_by"],
        started_by_name=row["started_by_name"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        files=row["files"],
        verdicts=verdicts,
    )
