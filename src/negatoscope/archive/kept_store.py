"""Every object that a row names, whichever table: for walks over the whole archive and for the sweep of what no row names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Table, Text, cast, exists, func, literal, null, select, tuple_

from negatoscope.archive.discs.tables import disc_files
from negatoscope.archive.imports.tables import import_archives
from negatoscope.archive.tables import instance_conflicts, instances, quarantine
from negatoscope.platform.blobs.port import BlobRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A table whose rows each name one object, in the order of `identity`, a unique key."""

    kind: str
    table: Table
    identity: tuple[Column[str], ...]


_DELETION: Final = 0x64656C65

KEEPERS: Final = (
    Keeper(kind="instance", table=instances, identity=(instances.c.sop_instance_uid,)),
    Keeper(kind="quarantined", table=quarantine, identity=(quarantine.c.quarantine_id,)),
    Keeper(
        kind="conflicting",
        table=instance_conflicts,
        identity=(instance_conflicts.c.sop_instance_uid, instance_conflicts.c.blob_sha256),
    ),
    Keeper(kind="disc", table=disc_files, identity=(disc_files.c.disc_id,)),
    Keeper(kind="waiting", table=import_archives, identity=(import_archives.c.import_id, import_archives.c.number)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a walk has come: within one table, after this row; before the first when `after` is empty."""

    kind: str = KEEPERS[0].kind
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptObject:
    """One object and where a walk stands once it was dealt with."""

    position: Position
    study_uid: str | None
    blob: BlobRef

    @property
    def kind(self) -> str:
        """Return what it is to the archive."""
        return self.position.kind

    @property
    def name(self) -> str:
        """Return what its row is called."""
        return "/".join(self.position.after)


def list_kept_after(tx: Connection, position: Position, limit: int) -> list[KeptObject]:
    """Return the objects of one table that follow a position, in the order of their rows."""
    keeper = next(keeper for keeper in KEEPERS if keeper.kind == position.kind)
    table = keeper.table
    blob = (table.c.blob_key, table.c.blob_size, table.c.blob_sha256, table.c.blob_wrapped_key)
    study = table.c.study_uid if "study_uid" in table.c else cast(null(), Text)
    query = select(*blob, study, *(cast(column, Text) for column in keeper.identity)).order_by(*keeper.identity).limit(limit)
    if position.after:
        place = (cast(literal(value), column.type) for value, column in zip(position.after, keeper.identity, strict=True))
        query = query.where(tuple_(*keeper.identity) > tuple_(*place))
    return [
        KeptObject(
            position=Position(kind=keeper.kind, after=tuple(row[5:])),
            study_uid=row[4],
            blob=BlobRef(key=row[0], size=row[1], sha256=row[2], wrapped_key=bytes(row[3])),
        )
        for row in tx.execute(query)
    ]


def is_kept(tx: Connection, kept: KeptObject) -> bool:
    """Tell whether the row still names these bytes: they may have been erased or exchanged meanwhile."""
    keeper = next(keeper for keeper in KEEPERS if keeper.kind == kept.kind)
    same = [
        column == cast(literal(value), column.type) for value, column in zip(kept.position.after, keeper.identity, strict=True)
    ]
    return bool(tx.execute(select(exists().where(keeper.table.c.blob_key == kept.blob.key, *same))).scalar_one())


def hold_objects(tx: Connection) -> None:
    """Have no stored object deleted until this transaction ends: a backup copies what its rows name."""
    tx.execute(select(func.pg_advisory_xact_lock_shared(_DELETION)))


def try_release_objects(tx: Connection) -> bool:
    """Tell whether stored objects may be deleted until this transaction ends: not while a backup is taken."""
    return bool(tx.execute(select(func.pg_try_advisory_xact_lock(_DELETION))).scalar_one())


def next_kind(kind: str) -> str | None:
    """Return the table that a walk goes on with, None after the last."""
    kinds = [keeper.kind for keeper in KEEPERS]
    following = kinds[kinds.index(kind) + 1 :]
    return following[0] if following else None


def count_kept(tx: Connection) -> int:
    """Count every object of the archive, those that are held back too."""
    return sum(tx.execute(select(func.count()).select_from(keeper.table)).scalar_one() for keeper in KEEPERS)


def list_keys_between(tx: Connection, first: str, last: str) -> Iterator[str]:
    """Return the key of every object that a row names, both ends included, page by page from the server."""
    for keeper in KEEPERS:
        key = keeper.table.c.blob_key
        rows = tx.execution_options(yield_per=10_000).execute(select(key).where(key.between(first, last)))
        yield from rows.scalars()
