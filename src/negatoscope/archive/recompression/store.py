"""SQL of recompression: the rules, the rows that change their form, and the forms as received."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import zstandard
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from negatoscope.archive.model import Instance
from negatoscope.archive.recompression.model import Codec, OriginalForm, Rule
from negatoscope.archive.recompression.tables import recompressed_objects, recompression_rules
from negatoscope.archive.store import blob_values
from negatoscope.archive.tables import instances, series


def list_rules(tx: Connection) -> list[Rule]:
    """Return the rules by modality."""
    rows = tx.execute(select(recompression_rules).order_by(recompression_rules.c.modality)).mappings()
    return [Rule(**{**row, "codec": Codec(row["codec"])}) for row in rows]


def upsert_rule(tx: Connection, rule: Rule) -> None:
    """Set the rule of a modality."""
    values = asdict(rule) | {"codec": rule.codec.value}
    statement = insert_or_update(recompression_rules).values(values)
    tx.execute(statement.on_conflict_do_update(constraint="recompression_rules_pkey", set_=values))


def delete_rule(tx: Connection, modality: str) -> bool:
    """Keep the objects of a modality as received from now on; False when no rule said otherwise."""
    return tx.execute(delete(recompression_rules).where(recompression_rules.c.modality == modality)).rowcount == 1


def list_series_to_recompress(tx: Connection, study_uid: str) -> list[tuple[str, Codec]]:
    """Return the series of a study whose modality has a rule."""
    rules = recompression_rules.c
    query = (
        select(series.c.series_uid, rules.codec)
        .join(recompression_rules, rules.modality == series.c.modality)
        .where(series.c.study_uid == study_uid)
        .order_by(series.c.series_uid)
    )
    return [(row[0], Codec(row[1])) for row in tx.execute(query)]


def update_form(tx: Connection, before: Instance, after: Instance) -> bool:
    """Let the row of an instance name its other form; False when the row is not what it was."""
    values: dict[str, Any] = {
        "transfer_syntax_uid": after.transfer_syntax_uid,
        "data_set_offset": after.data_set_offset,
        "header_end": after.header_end,
        "pixel_offset": after.pixel_offset,
        "pixel_length": after.pixel_length,
        "frame_index": after.frame_index,
        **blob_values(after.blob),
    }
    columns = instances.c
    same = (columns.sop_instance_uid == before.sop_instance_uid) & (columns.blob_key == before.blob.key)
    same &= columns.study_uid == before.study_uid
    return tx.execute(update(instances).where(same).values(values)).rowcount == 1


def insert_original(tx: Connection, sop_instance_uid: str, original: OriginalForm, *, at: datetime) -> None:
    """Keep what rebuilds the form as received."""
    values = asdict(original)
    if original.header is not None:
        values["header"] = zstandard.ZstdCompressor().compress(original.header)
    tx.execute(insert(recompressed_objects).values(sop_instance_uid=sop_instance_uid, recompressed_at=at, **values))


def find_original(tx: Connection, sop_instance_uid: str) -> OriginalForm | None:
    """Return the form as received; None for an object that was never recompressed."""
    columns = recompressed_objects.c
    row = tx.execute(select(recompressed_objects).where(columns.sop_instance_uid == sop_instance_uid)).mappings().one_or_none()
    if row is None:
        return None
    values = {name: row[name] for name in OriginalForm.__slots__}
    if row["header"] is not None:
        values["header"] = zstandard.ZstdDecompressor().decompress(row["header"])
    return OriginalForm(**values)


def find_original_hash(tx: Connection, sop_instance_uid: str) -> str | None:
    """Return the hash of the object as received; None for an object that was never recompressed."""
    columns = recompressed_objects.c
    query = select(columns.sha256).where(columns.sop_instance_uid == sop_instance_uid)
    found: str | None = tx.execute(query).scalar_one_or_none()
    return found


def list_recompressed(tx: Connection, sop_instance_uids: Sequence[str]) -> set[str]:
    """Return those of these instances that are recompressed."""
    columns = recompressed_objects.c
    return set(tx.execute(select(columns.sop_instance_uid).where(columns.sop_instance_uid.in_(sop_instance_uids))).scalars())


def list_released_keys(tx: Connection, since: datetime) -> Iterator[str]:
    """Return the keys of the originals released since then: somebody may still be reading them."""
    columns = recompressed_objects.c
    rows = tx.execution_options(yield_per=10_000).execute(select(columns.blob_key).where(columns.recompressed_at >= since))
    yield from rows.scalars()


def forget_metadata(tx: Connection, study_uid: str, series_uids: Sequence[str]) -> None:
    """Have the metadata blocks of these series made again: they name the transfer syntax."""
    same = (series.c.study_uid == study_uid) & series.c.series_uid.in_(series_uids)
    tx.execute(update(series).where(same).values(revision=series.c.revision + 1))


def sum_recompressed(tx: Connection) -> tuple[int, int, int]:
    """Return how many objects are recompressed, their bytes as received and as kept."""
    same = recompressed_objects.c.sop_instance_uid == instances.c.sop_instance_uid
    sums = select(
        func.count(),
        func.coalesce(func.sum(recompressed_objects.c.size), 0),
        func.coalesce(func.sum(instances.c.blob_size), 0),
    )
    row = tx.execute(sums.select_from(recompressed_objects.join(instances, same))).one()
    return int(row[0]), int(row[1]), int(row[2])
