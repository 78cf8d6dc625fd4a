"""Certificates in files and as pasted text: their fingerprint, and until when they are good."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from negatoscope.platform.errors import InvalidInput, SettingsError

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate: SHA-256 of its DER form in lower-case hexadecimal, name, end of its validity."""

    sha256: str
    subject: str
    not_after: datetime


def fingerprint_of(der: bytes) -> str:
    """Return the fingerprint of a certificate in DER form, in lower-case hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def read_fingerprint(text: str) -> str:
    """Return the fingerprint that somebody typed, with or without colons, or that of the PEM certificate he pasted."""
    if "-----BEGIN" in text:
        try:
            certificate = x509.load_pem_x509_certificate(text.strip().encode("ascii"))
        except ValueError as error:
            raise InvalidInput("This is not a certificate in PEM form.", reason="certificate_not_valid") from error
        return fingerprint_of(certificate.public_bytes(Encoding.DER))
    plain = re.sub(r"[\s:]", "", text.partition("=")[2] if "=" in text else text).lower()
    if _FINGERPRINT.fullmatch(plain) is None:
        raise InvalidInput("A fingerprint has 64 hexadecimal digits.", reason="certificate_not_valid")
    return plain


def read_certificates(file: Path) -> list[Certificate]:
    """Return the certificates of a PEM file; SettingsError when it cannot be read or holds none."""
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read as a PEM file of certificates.", reason="certificate_unreadable") from error
    return [
        Certificate(
            sha256=fingerprint_of(certificate.public_bytes(Encoding.DER)),
            subject=certificate.subject.rfc4514_string(),
            not_after=certificate.not_valid_after_utc,
        )
        for certificate in found
    ]
