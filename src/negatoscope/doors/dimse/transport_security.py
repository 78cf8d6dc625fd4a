"""TLS of the DICOM door, both ways: the BCP 195 profile (PS3.15 B.12), mutual unless a setting says otherwise."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import Settings

CIPHER_SUITES: Final = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
)
"""Of TLS 1.2, those that RFC 9325 section 4.2 recommends, by their OpenSSL names; TLS 1.3 has its own three."""


def acceptor_context(settings: Settings) -> ssl.SSLContext | None:
    """Return how connections on the TLS port are secured; None when no certificate of ours is set."""
    if settings.dicom_tls_certificate is None or settings.dicom_tls_key is None:
        return None
    context = _context(ssl.PROTOCOL_TLS_SERVER, settings.dicom_tls_certificate, settings.dicom_tls_key)
    if settings.dicom_tls_authorities is not None:
        _trust(context, settings.dicom_tls_authorities)
        required = settings.dicom_tls_peers == "required"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def requestor_context(settings: Settings, *, checks_name: bool) -> ssl.SSLContext:
    """Return how a connection to a device is secured; its certificate is always verified, its name where asked."""
    if settings.dicom_tls_certificate is None or settings.dicom_tls_key is None or settings.dicom_tls_authorities is None:
        raise SettingsError(
            "A device listens with TLS: set NEGATOSCOPE_DICOM_TLS_CERTIFICATE, _KEY and _AUTHORITIES.", reason="no_certificate"
        )
    context = _context(ssl.PROTOCOL_TLS_CLIENT, settings.dicom_tls_certificate, settings.dicom_tls_key)
    _trust(context, settings.dicom_tls_authorities)
    context.check_hostname = checks_name
    return context


def _context(protocol: int, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(CIPHER_SUITES))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise SettingsError(
            "NEGATOSCOPE_DICOM_TLS_CERTIFICATE and _KEY must be PEM files that belong together; the key without a password.",
            reason="certificate_unreadable",
        ) from error
    return context


def _trust(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except OSError as error:
        raise SettingsError(
            "NEGATOSCOPE_DICOM_TLS_AUTHORITIES must be a PEM file of certificates.", reason="certificate_unreadable"
        ) from error


def _no_password() -> str:
    """Answer for a person who is not there: OpenSSL would ask on the terminal."""
    raise ValueError("the key has a password")
