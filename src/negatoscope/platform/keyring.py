"""The keyring: one file of master keys, from which each tenant's key that wraps the keys of its objects is derived."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import stat
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from negatoscope.platform.errors import CorruptObject, SettingsError

_KEY_BYTES = 32
_IDENTIFIER_BYTES = 8
_NONCE_BYTES = 12
WRAPPED_KEY_BYTES = _IDENTIFIER_BYTES + _NONCE_BYTES + _KEY_BYTES + 16


class Keyring:
    """Wrap and unwrap the keys of objects.

    A wrapped key is the identifier of the master key (8 bytes), a nonce (12), the sealed key (32) and its tag (16).
    The wrapping key is HKDF-SHA256(master key, info "negatoscope objects|" + tenant); the name of the object is
    authenticated, so that a wrapped key opens no other object. A new master key only re-wraps, objects stay as they are.
    """

    def __init__(self, masters: dict[bytes, bytes], current: bytes) -> None:
        self._masters = masters
        self._current = current
        self._ciphers: dict[tuple[bytes, UUID], AESGCM] = {}

    @classmethod
    def open_or_create(cls, path: Path) -> Keyring:
        """Read the keyring of this installation, made with mode 0600 the first time."""
        with contextlib.suppress(FileExistsError):
            _create(path)
        try:
            mode = path.stat().st_mode
            document = json.loads(path.read_text("ascii"))
            masters = {bytes.fromhex(name): base64.b64decode(text) for name, text in document["keys"].items()}
            current = bytes.fromhex(document["current"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"The keyring {path} cannot be read: restore it from its backup.") from error
        if stat.S_IMODE(mode) & 0o077:
            raise SettingsError(f"The keyring {path} is open to others: set its mode to 0600.")
        if current not in masters or any(len(key) != _KEY_BYTES for key in masters.values()):
            raise SettingsError(f"The keyring {path} is damaged: restore it from its backup.")
        return cls(masters, current)

    @property
    def identifiers(self) -> frozenset[str]:
        """Return the identifiers of the master keys, in hexadecimal; they say nothing of the keys."""
        return frozenset(identifier.hex() for identifier in self._masters)

    def wrap(self, tenant: UUID, name: str, key: bytes) -> bytes:
        """Seal the key of the object `name`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._current + nonce + self._cipher(self._current, tenant).encrypt(nonce, key, name.encode())

    def unwrap(self, tenant: UUID, name: str, wrapped: bytes) -> bytes:
        """Return the key of the object `name`, or raise CorruptObject."""
        identifier = bytes(wrapped[:_IDENTIFIER_BYTES])
        nonce = bytes(wrapped[_IDENTIFIER_BYTES : _IDENTIFIER_BYTES + _NONCE_BYTES])
        sealed = bytes(wrapped[_IDENTIFIER_BYTES + _NONCE_BYTES :])
        if len(wrapped) != WRAPPED_KEY_BYTES or identifier not in self._masters:
            raise CorruptObject("The key of a stored object is unknown to this keyring.", reason="unknown_key")
        try:
            return self._cipher(identifier, tenant).decrypt(nonce, sealed, name.encode())
        except InvalidTag as error:
            raise CorruptObject("The key of a stored object does not open.", reason="damaged_key") from error

    def _cipher(self, identifier: bytes, tenant: UUID) -> AESGCM:
        cipher = self._ciphers.get((identifier, tenant))
        if cipher is None:
            info = b"negatoscope objects|" + str(tenant).encode()
            derivation = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info)
            cipher = self._ciphers[identifier, tenant] = AESGCM(derivation.derive(self._masters[identifier]))
        return cipher


def _create(path: Path) -> None:
    """Write a new keyring whole or not at all; raise FileExistsError if there is one already."""
    if path.exists():
        raise FileExistsError(path)
    name = secrets.token_hex(_IDENTIFIER_BYTES)
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"current": name, "keys": {name: key}}, file)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the name is taken, so two first starts at once agree on one keyring.
        os.link(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError:
        raise
    except OSError as error:
        raise SettingsError(f"The keyring {path} cannot be written ({error.strerror}).") from error
    finally:
        temporary.unlink(missing_ok=True)
