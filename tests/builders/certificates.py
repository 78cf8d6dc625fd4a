"""Certificates made for one test: an authority, and what it issues, as PEM files."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from negatoscope.platform.certificates import fingerprint_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path
    sha256: str


class Authority:
    """A certification authority in a folder."""

    def __init__(self, folder: Path, name: str = "Hospital authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        certificate = self._build(self._name, self._key, timedelta(days=100), is_authority=True, host=None)
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str, *, host: str | None = "127.0.0.1", lasts: timedelta = timedelta(days=90)) -> Issued:
        """Issue a certificate for a client and a server; `host` is the address that it names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._build(_name(name), key, lasts, is_authority=False, host=host)
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Issued(certificate=files[0], key=files[1], sha256=fingerprint_of(certificate.public_bytes(Encoding.DER)))

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta, *, is_authority: bool, host: str | None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=200))
            .not_valid_after(now + lasts)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if host is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
