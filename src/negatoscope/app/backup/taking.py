"""Take a backup while the product runs: the database as one moment shows it, then every object that its rows name.

Objects are immutable and their bytes come before their row, so what the dump names exists when the dump is made; nothing
is deleted until it is copied. An object that an earlier backup of the folder has is not copied again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope import __version__
from negatoscope.app.backup import rows
from negatoscope.app.backup.database_dump import dump_database
from negatoscope.app.backup.manifest import BACKUP_TENANT, Manifest, store_of, write_manifest
from negatoscope.archive.kept_store import KeptObject, Position, hold_objects, list_kept_after, next_kind
from negatoscope.archive.verify import check_object
from negatoscope.platform.blobs.frames import stored_size
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobRef, BlobStore
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.runtime import Platform

Progress = Callable[[int, int], None]
"""Told how many objects are done, and of how many."""

_PAGE: Final = 1000


def take_backup(platform: Platform, folder: Path, progress: Progress) -> Manifest:
    """Copy the installation into a folder and return what was written; damaged objects are named in it and left out."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keyring = Keyring.open_or_create(platform.settings.data / "keyring.json")
    own = store_of(folder, BACKUP_TENANT, keyring)
    tenants = platform.database.tenants()
    with platform.database.owner_transaction() as holding:
        hold_objects(holding)
        with platform.database.owner_transaction() as tx:
            snapshot = rows.begin_snapshot(tx)
            taken_at, owner = platform.clock.now(), rows.get_owner(tx)
            counts = rows.count_rows(tx)
            dump = dump_database(platform.database.url, snapshot, own.begin())
            listed, count, size = _write_list(tx, tenants, own)
        faults = _copy_objects(platform, folder, keyring, listed, count, progress)
    manifest = Manifest(
        taken_at=taken_at,
        release=__version__,
        owner=owner,
        keys=tuple(sorted(keyring.identifiers)),
        dump=dump,
        objects=listed,
        object_count=count,
        object_bytes=size,
        rows=counts,
        faults=tuple(faults),
    )
    write_manifest(folder, manifest)
    return manifest


def _write_list(tx: Connection, tenants: list[TenantId], own: LocalBlobStore) -> tuple[BlobRef, int, int]:
    """Write down every object that the snapshot names; return the list, their number and their bytes."""
    writer = own.begin()
    count = size = 0
    try:
        for tenant in tenants:
            rows.act_for(tx, tenant)
            for kept in _kept(tx):
                writer.write(_line(tenant, kept.blob))
                count += 1
                size += kept.blob.size
        rows.act_as_owner(tx)
        return writer.commit(), count, size
    finally:
        writer.discard()


def _kept(tx: Connection) -> Iterator[KeptObject]:
    position = Position()
    while True:
        page = list_kept_after(tx, position, _PAGE)
        yield from page
        if page:
            position = page[-1].position
        elif (kind := next_kind(position.kind)) is not None:
            position = Position(kind=kind)
        else:
            return


def _copy_objects(
    platform: Platform, folder: Path, keyring: Keyring, listed: BlobRef, count: int, progress: Progress
) -> list[str]:
    faults = []
    own = store_of(folder, BACKUP_TENANT, keyring)
    sources: dict[UUID, tuple[BlobStore, LocalBlobStore]] = {}
    for number, (tenant, blob) in enumerate(read_list(own, listed), 1):
        if tenant not in sources:
            sources[tenant] = platform.for_tenant(TenantId(tenant)).blobs, store_of(folder, tenant, keyring)
        source, target = sources[tenant]
        fault = copy_object(source, target, blob)
        if fault is not None:
            target.delete_key(blob.key)  # the next backup tries again: it may have been mended meanwhile
            faults.append(f"{blob.key}: {fault}")
        progress(number, count)
    return faults


def copy_object(source: BlobStore, target: BlobStore, blob: BlobRef) -> str | None:
    """Copy an object unless it is there whole, and read the copy; return what is wrong with it."""
    if target.stored_size_of(blob.key) == stored_size(blob.size):
        return None
    try:
        target.adopt(blob.key, source.sealed(blob.key))
    except CorruptObject as error:
        return error.reason
    return check_object(target, blob)


def _line(tenant: TenantId, blob: BlobRef) -> bytes:
    return f"{tenant}\t{blob.key}\t{blob.size}\t{blob.sha256}\t{blob.wrapped_key.hex()}\n".encode("ascii")


def read_list(store: LocalBlobStore, listed: BlobRef) -> Iterator[tuple[UUID, BlobRef]]:
    """Yield every object of a backup with its tenant."""
    rest = b""
    with store.open(listed) as reader:
        for chunk in reader.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                tenant, key, size, sha256, wrapped = line.decode("ascii").split("\t")
                yield UUID(tenant), BlobRef(key=key, size=int(size), sha256=sha256, wrapped_key=bytes.fromhex(wrapped))
