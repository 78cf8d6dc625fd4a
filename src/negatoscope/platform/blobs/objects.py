"""Objects in an S3-compatible store, sealed by us before they leave: the store never sees a plain byte."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import obstore
from obstore import exceptions
from obstore.store import ObjectStore, from_url

from negatoscope.platform.blobs.frames import FrameCipher, new_key, stored_size
from negatoscope.platform.blobs.port import BlobRef, Bytes
from negatoscope.platform.blobs.reading import FrameReader
from negatoscope.platform.blobs.writing import FrameWriter
from negatoscope.platform.errors import CorruptObject, SettingsError, Unavailable
from negatoscope.platform.keyring import Keyring

_PART_BYTES: Final = 8 << 20


class ObjectBlobStore:
    """The objects of one tenant under `tenant`/ in a bucket."""

    def __init__(self, store: ObjectStore, tenant: UUID, keyring: Keyring) -> None:
        self._store = store
        self._tenant = tenant
        self._keyring = keyring

    @classmethod
    def connect(cls, url: str, tenant: UUID, keyring: Keyring) -> ObjectBlobStore:
        """Reach the store at `url` (s3://bucket/prefix); credentials and endpoint come from the AWS_* environment."""
        try:
            store = from_url(url, client_options={"allow_http": True, "timeout": "30s"})
        except Exception as error:  # the library raises kinds of its own for each fault of an address
            raise SettingsError(
                "NEGATOSCOPE_OBJECTS_URL does not name a store that can be reached: it reads s3://bucket/prefix.",
                reason="objects_url",
            ) from error
        return cls(store, tenant, keyring)

    def begin(self) -> ObjectBlobWriter:
        """Start a new object."""
        cipher = FrameCipher.create(self._keyring, self._tenant, new_key())
        return ObjectBlobWriter(self._store, self._path_of(cipher.key), cipher)

    def open(self, ref: BlobRef) -> FrameReader:
        """Open an object; nothing is asked of the store before the first range, whose frames prove themselves."""
        cipher = FrameCipher.unwrap(self._keyring, self._tenant, ref.key, ref.wrapped_key)
        return FrameReader(cipher, _ObjectSource(self._store, self._path_of(ref.key)), ref.size)

    def delete(self, ref: BlobRef) -> None:
        """Remove an object; no error if it is gone already."""
        self.delete_key(ref.key)

    def delete_key(self, key: str) -> None:
        """Remove an object that no row names."""
        with contextlib.suppress(FileNotFoundError, exceptions.NotFoundError):
            try:
                obstore.delete(self._store, self._path_of(key))
            except exceptions.GenericError as error:
                raise _unavailable() from error

    def list_keys(self) -> Iterator[tuple[str, datetime]]:
        """List the key of every object with the time of its last change."""
        try:
            for page in obstore.list(self._store, prefix=str(self._tenant)):
                for entry in page:
                    yield entry["path"].rpartition("/")[2], entry["last_modified"]
        except exceptions.BaseError as error:
            raise _unavailable() from error

    def stored_size_of(self, key: str) -> int | None:
        """Count the sealed bytes of an object, None when there is none."""
        try:
            return _stored_size(self._store, self._path_of(key))
        except CorruptObject:
            return None

    def sealed(self, key: str) -> Iterator[bytes]:
        """Yield an object as it is kept, in pieces of 8 MiB."""
        path = self._path_of(key)
        source, size = _ObjectSource(self._store, path), _stored_size(self._store, path)
        for offset in range(0, size, _PART_BYTES):
            yield source.fetch(offset, min(_PART_BYTES, size - offset))

    def adopt(self, key: str, sealed: Iterable[bytes]) -> None:
        """Send an object that was sealed elsewhere, and ask the store whether it has every byte."""
        path, sent = self._path_of(key), 0
        try:
            with obstore.open_writer(self._store, path, buffer_size=_PART_BYTES, max_concurrency=2) as upload:
                for piece in sealed:
                    upload.write(piece)
                    sent += len(piece)
        except (exceptions.BaseError, OSError) as error:
            raise _unavailable() from error
        if _stored_size(self._store, path) != sent:
            raise Unavailable("The object store kept other bytes than it was given.", reason="storage_failed")

    def _path_of(self, key: str) -> str:
        return f"{self._tenant}/{key}"


class ObjectBlobWriter:
    """One object on its way to the store; it is visible there only when whole."""

    def __init__(self, store: ObjectStore, path: str, cipher: FrameCipher) -> None:
        self._store = store
        self._path = path
        self._sent = 0
        try:
            self._upload = obstore.open_writer(store, path, buffer_size=_PART_BYTES, max_concurrency=2)
        except exceptions.BaseError as error:
            raise _unavailable() from error
        self._open = True
        self._frames = FrameWriter(cipher, self)

    @property
    def size(self) -> int:
        """Count the plain bytes written so far."""
        return self._frames.size

    def append(self, data: Bytes) -> None:
        """Send sealed bytes."""
        if not self._open:
            raise ValueError("the writer is closed")
        self._upload.write(data)
        self._sent += len(data)

    def write(self, data: Bytes) -> None:
        """Append plain bytes."""
        try:
            self._frames.write(data)
        except (exceptions.BaseError, OSError) as error:
            self.discard()
            raise _unavailable() from error

    def commit(self) -> BlobRef:
        """Finish the upload and ask the store whether it has every byte."""
        try:
            ref = self._frames.finish()
            self._open = False
            self._upload.close()
        except (exceptions.BaseError, OSError) as error:
            self.discard()
            raise _unavailable() from error
        if _stored_size(self._store, self._path) != stored_size(ref.size):
            with contextlib.suppress(exceptions.BaseError, OSError):
                obstore.delete(self._store, self._path)
            raise Unavailable("The object store kept other bytes than it was given.", reason="storage_failed")
        return ref

    def discard(self) -> None:
        """Leave nothing: an upload in parts is only removed once it is complete."""
        if not self._open:
            return
        self._open = False
        if self._sent >= _PART_BYTES:
            with contextlib.suppress(exceptions.BaseError, OSError):
                self._upload.close()
                obstore.delete(self._store, self._path)


class _ObjectSource:
    """Sealed bytes from an object store."""

    def __init__(self, store: ObjectStore, path: str) -> None:
        self._store = store
        self._path = path

    def fetch(self, offset: int, length: int) -> bytes:
        try:
            return bytes(obstore.get_range(self._store, self._path, start=offset, length=length))
        except (FileNotFoundError, exceptions.NotFoundError) as error:
            raise CorruptObject("A stored object is missing.", reason="missing_object") from error
        except (exceptions.BaseError, OSError) as error:
            raise _unavailable() from error

    def close(self) -> None:
        """Nothing is held between two ranges."""


def _stored_size(store: ObjectStore, path: str) -> int:
    try:
        return int(obstore.head(store, path)["size"])
    except (FileNotFoundError, exceptions.NotFoundError) as error:
        raise CorruptObject("A stored object is missing.", reason="missing_object") from error
    except (exceptions.BaseError, OSError) as error:
        raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable("The object store does not answer.", reason="storage_unavailable")
