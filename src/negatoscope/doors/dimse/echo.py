"""Verification (PS3.4 annex A)."""

from __future__ import annotations

from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.statuses import SUCCESS


async def answer_c_echo(association: Association, message: Message) -> None:
    """Say that we are here."""
    await association.respond(message, SUCCESS)
