"""Seal what came from outside before it is kept: one key a message, wrapped by the keyring of the installation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.runtime import Platform

_KEY_BYTES = 32
_NONCE = b"\0" * 12  # each key seals one message, so the nonce never repeats under it


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted message and its wrapped key."""

    content: bytes
    wrapped_key: bytes


def seal(platform: Platform, message_id: UUID, content: bytes) -> Sealed:
    """Encrypt a message under a key of its own."""
    key = secrets.token_bytes(_KEY_BYTES)
    name = _name(message_id)
    return Sealed(AESGCM(key).encrypt(_NONCE, content, name.encode()), _keyring(platform).wrap(platform.tenant, name, key))


def unseal(platform: Platform, message_id: UUID, sealed: Sealed) -> bytes:
    """Return the message, or raise CorruptObject."""
    name = _name(message_id)
    key = _keyring(platform).unwrap(platform.tenant, name, sealed.wrapped_key)
    try:
        return AESGCM(key).decrypt(_NONCE, sealed.content, name.encode())
    except InvalidTag as error:
        raise CorruptObject("A kept message is damaged.", reason="damaged_message") from error


def _name(message_id: UUID) -> str:
    return f"message:{message_id}"


def _keyring(platform: Platform) -> Keyring:
    return Keyring.open_or_create(platform.settings.data / "keyring.json")
