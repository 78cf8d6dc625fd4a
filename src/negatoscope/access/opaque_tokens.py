"""Random secrets that people or programs carry, of which we keep only a hash."""

from __future__ import annotations

import hashlib
import secrets

SECRET_BYTES = 32


def make_secret() -> str:
    """Return 256 random bits as text that fits a URL or a cookie."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 of a secret; its 256 bits of chance need no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
