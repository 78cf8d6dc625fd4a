"""The transport to a device: in the clear, or over TLS where its row says so, to the holder of its certificate alone."""

from __future__ import annotations

import asyncio
import ssl

from negatoscope.access.devices import RetrieveDestination
from negatoscope.doors.dimse.transport_security import requestor_context
from negatoscope.platform.certificates import fingerprint_of
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.logs import get_logger
from negatoscope.platform.settings import Settings

logger = get_logger()

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(destination: RetrieveDestination, settings: Settings) -> Streams:
    """Return the streams of a new connection; OSError when there is none, Unavailable when another answers than the device.

    A device bound to a certificate must show that one; any other must show one that names the host we call.
    """
    if not destination.uses_tls:
        return await asyncio.open_connection(destination.host, destination.port)
    context = requestor_context(settings, checks_name=destination.certificate_sha256 is None)
    streams = await asyncio.open_connection(destination.host, destination.port, ssl=context, server_hostname=destination.host)
    if destination.certificate_sha256 not in {None, _shown(streams[1])}:
        streams[1].transport.abort()
        logger.warning("dimse_destination_is_another", ae_title=destination.ae_title)
        raise Unavailable("The destination shows the certificate of another.", reason="certificate_of_another")
    return streams


def _shown(writer: asyncio.StreamWriter) -> str | None:
    secured = writer.get_extra_info("ssl_object")
    der = secured.getpeercert(binary_form=True) if isinstance(secured, ssl.SSLObject) else None
    return None if der is None else fingerprint_of(der)
