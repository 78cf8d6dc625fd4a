"""Seal small things before the database keeps them: one key each, wrapped by the keyring of the installation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.runtime import Platform

_KEY_BYTES = 32
_NONCE = b"\0" * 12  # each key seals one content, so the nonce never repeats under it


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted content and its wrapped key."""

    content: bytes
    wrapped_key: bytes


def seal(platform: Platform, name: str, content: bytes) -> Sealed:
    """Encrypt a content under a key of its own; it opens under the same name alone."""
    key = secrets.token_bytes(_KEY_BYTES)
    return Sealed(AESGCM(key).encrypt(_NONCE, content, name.encode()), _keyring(platform).wrap(platform.tenant, name, key))


def unseal(platform: Platform, name: str, sealed: Sealed) -> bytes:
    """Return the content, or raise CorruptObject."""
    key = _keyring(platform).unwrap(platform.tenant, name, sealed.wrapped_key)
    try:
        return AESGCM(key).decrypt(_NONCE, sealed.content, name.encode())
    except InvalidTag as error:
        raise CorruptObject("A sealed content is damaged.", reason="damaged_seal") from error


def _keyring(platform: Platform) -> Keyring:
    return Keyring.open_or_create(platform.settings.data / "keyring.json")
