"""Answer a C-FIND: one pending response a match, cancellation honoured between them (PS3.4 C.4.1.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pydicom.dataset import Dataset

from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.identifiers import encode_answer
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.statuses import CANCELLED, SUCCESS, Status


async def answer_matches(
    association: Association,
    message: Message,
    next_page: Callable[[], list[Dataset] | None],
    *,
    pending: Status,
    character_set: str,
) -> None:
    """Send the matches of every page, then success; or the cancellation when the peer asked for it.

    `next_page` runs in a worker thread and returns None at the end.
    """

    def encoded_page() -> list[bytes] | None:
        matches = next_page()
        if matches is None:
            return None
        syntax = message.context.transfer_syntax
        return [encode_answer(match, syntax, asked_character_set=character_set) for match in matches]

    while association.may_go_on():
        page = await association.door.in_thread(encoded_page)
        if page is None:
            await association.respond(message, SUCCESS)
            return
        for content in page:
            if not association.may_go_on():
                break
            await association.respond(message, pending, data=content)
            await asyncio.sleep(0)  # lets a C-CANCEL be read between two responses
    await association.respond(message, CANCELLED)
