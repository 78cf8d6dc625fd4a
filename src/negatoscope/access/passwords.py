"""Hash and check passwords: argon2id, 64 MiB, 3 passes, one lane; a few at a time, for each takes that memory."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 4

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
_gate = threading.BoundedSemaphore(AT_ONCE)
_decoy_lock = threading.Lock()
_decoys: list[str] = []


def hash_password(password: str) -> str:
    """Return the hash with its parameters and salt, as argon2 writes it."""
    with _gate:
        return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the password is right; where there is no hash, take as long to say no."""
    with _gate:
        try:
            _hasher.verify(password_hash if password_hash is not None else _decoy(), password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def needs_new_hash(password_hash: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _decoy() -> str:
    """Return the hash of a password that nobody knows, made once."""
    with _decoy_lock:
        if not _decoys:
            _decoys.append(_hasher.hash("a password that opens nothing"))
        return _decoys[0]
