"""The stored form of an object: a header, then frames of 1 MiB, each sealed with AES-256-GCM under the object's own key.

Header (128 bytes): "NGBLOB1" and a line feed; tenant (16); wrapped key (68); frame size (4, big endian); zeros.
Frame n (from 0): the sealed bytes and a tag of 16 bytes; the nonce is n in 12 bytes, big endian. Every frame but the
last holds 1 MiB of plain bytes; an empty object has one empty frame. The authenticated data is
tenant "|" key "|" n "|" total, where total is the number of frames in the last frame and 0 in those before it: a frame
that was moved, exchanged, cut off or appended does not open, and the length need not be known before the last byte.
The header repeats what the row knows, so that keyring and folder are enough to recover an archive whose database is lost.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from negatoscope.platform.blobs.port import Bytes
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.keyring import WRAPPED_KEY_BYTES, Keyring

FRAME_BYTES: Final = 1 << 20
TAG_BYTES: Final = 16
SEALED_BYTES: Final = FRAME_BYTES + TAG_BYTES
HEADER_BYTES: Final = 128
_MAGIC: Final = b"NGBLOB1\n"


def new_key() -> str:
    """Return the key of a new object: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def count_frames(size: int) -> int:
    """Count the frames of an object of so many plain bytes."""
    return max(1, -(-size // FRAME_BYTES))


def stored_size(size: int) -> int:
    """Count the stored bytes of an object of so many plain bytes."""
    return HEADER_BYTES + size + TAG_BYTES * count_frames(size)


@dataclass(frozen=True, slots=True)
class FrameCipher:
    """Seals and opens the frames of one object."""

    tenant: UUID
    key: str
    wrapped_key: bytes
    cipher: AESGCM

    @classmethod
    def create(cls, keyring: Keyring, tenant: UUID, key: str) -> FrameCipher:
        """Make a fresh key for a new object."""
        plain = AESGCM.generate_key(bit_length=256)
        return cls(tenant, key, keyring.wrap(tenant, key, plain), AESGCM(plain))

    @classmethod
    def unwrap(cls, keyring: Keyring, tenant: UUID, key: str, wrapped_key: bytes) -> FrameCipher:
        """Recover the key of a stored object."""
        return cls(tenant, key, wrapped_key, AESGCM(keyring.unwrap(tenant, key, wrapped_key)))

    def header(self) -> bytes:
        """Return the 128 bytes that open the stored object."""
        head = _MAGIC + self.tenant.bytes + self.wrapped_key + FRAME_BYTES.to_bytes(4, "big")
        return head.ljust(HEADER_BYTES, b"\0")

    def check_header(self, stored: Bytes) -> None:
        """Raise CorruptObject unless these are the bytes of `header`."""
        if bytes(stored) != self.header():
            raise CorruptObject("A stored object is damaged in its header.", reason="damaged_header")

    def seal(self, number: int, plain: Bytes, total: int) -> bytearray:
        """Return the sealed frame; `total` is 0 unless the frame is the last."""
        sealed = bytearray(len(plain) + TAG_BYTES)
        self.cipher.encrypt_into(number.to_bytes(12, "big"), plain, self._authenticated(number, total), sealed)
        return sealed

    def open_into(self, number: int, sealed: Bytes, total: int, target: memoryview) -> None:
        """Write the plain bytes of a frame into `target`, or raise CorruptObject."""
        try:
            self.cipher.decrypt_into(number.to_bytes(12, "big"), sealed, self._authenticated(number, total), target)
        except InvalidTag as error:
            raise CorruptObject("A stored object is damaged.", reason="damaged_frame") from error

    def _authenticated(self, number: int, total: int) -> bytes:
        return f"{self.tenant}|{self.key}|{number}|{total}".encode("ascii")


def wrapped_key_of_header(header: bytes) -> bytes:
    """Return the wrapped key that a stored object carries, for recovery without the database."""
    if len(header) != HEADER_BYTES or not header.startswith(_MAGIC):
        raise CorruptObject("A stored object is damaged in its header.", reason="damaged_header")
    start = len(_MAGIC) + 16
    return header[start : start + WRAPPED_KEY_BYTES]
