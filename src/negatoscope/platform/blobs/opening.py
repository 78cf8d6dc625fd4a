"""Choose the store that the settings name."""

from __future__ import annotations

from uuid import UUID

from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.settings import Settings


def open_blob_store(settings: Settings, tenant: UUID) -> BlobStore:
    """Return the objects of a tenant; the keyring is made in the data folder at the first start."""
    keyring = Keyring.open_or_create(settings.data / "keyring.json")
    if settings.objects_url is None:
        return LocalBlobStore(settings.data / "objects", tenant, keyring)
    from negatoscope.platform.blobs.objects import ObjectBlobStore

    return ObjectBlobStore.connect(settings.objects_url, tenant, keyring)
