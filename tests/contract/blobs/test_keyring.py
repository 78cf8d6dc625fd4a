from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from negatoscope.platform.blobs.frames import HEADER_BYTES, wrapped_key_of_header
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.errors import CorruptObject, SettingsError
from negatoscope.platform.keyring import Keyring


def test_keyring_is_made_once_for_the_owner_alone(tmp_path: Path, tenant: UUID) -> None:
    path = tmp_path / "keyring.json"
    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(lambda _: Keyring.open_or_create(path), range(8)))
    wrapped = keyrings[0].wrap(tenant, "name", b"k" * 32)
    assert all(keyring.unwrap(tenant, "name", wrapped) == b"k" * 32 for keyring in keyrings)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyring.json"]


def test_keyring_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    Keyring.open_or_create(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="0600"):
        Keyring.open_or_create(path)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"current": "aa", "keys": {}}', '{"current": "aa", "keys": {"aa": "eA=="}}']
)
def test_damaged_keyring_is_named_in_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="restore"):
        Keyring.open_or_create(path)


def test_wrapped_key_opens_only_for_its_tenant_and_name(tmp_path: Path, tenant: UUID) -> None:
    keyring = Keyring.open_or_create(tmp_path / "keyring.json")
    wrapped = keyring.wrap(tenant, "name", b"k" * 32)
    for other_tenant, name, value in [
        (UUID(int=1), "name", wrapped),
        (tenant, "other", wrapped),
        (tenant, "name", wrapped[:-1]),
        (tenant, "name", wrapped[:-1] + bytes([wrapped[-1] ^ 1])),
        (tenant, "name", b"x" * len(wrapped)),
    ]:
        with pytest.raises(CorruptObject):
            keyring.unwrap(other_tenant, name, value)


def test_stored_object_carries_its_wrapped_key_for_recovery(local: LocalBlobStore) -> None:
    writer = local.begin()
    writer.write(b"data")
    ref = writer.commit()
    header = local.path_of(ref.key).read_bytes()[:HEADER_BYTES]
    assert wrapped_key_of_header(header) == ref.wrapped_key
