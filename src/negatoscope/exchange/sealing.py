"""Seal what came from outside before it is kept: one key a message, wrapped by the keyring of the installation."""

from __future__ import annotations

from uuid import UUID

from negatoscope.platform import sealing
from negatoscope.platform.runtime import Platform
from negatoscope.platform.sealing import Sealed

__all__ = ["Sealed", "seal", "unseal"]


def seal(platform: Platform, message_id: UUID, content: bytes) -> Sealed:
    """Encrypt a message under a key of its own."""
    return sealing.seal(platform, _name(message_id), content)


def unseal(platform: Platform, message_id: UUID, sealed: Sealed) -> bytes:
    """Return the message, or raise CorruptObject."""
    return sealing.unseal(platform, _name(message_id), sealed)


def _name(message_id: UUID) -> str:
    return f"message:{message_id}"
