"""C-GET: the objects come back on the association that asked for them (PS3.4 C.4.3)."""

from __future__ import annotations

from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.retrieval import find_objects
from negatoscope.doors.dimse.suboperations import send_objects


async def answer_c_get(association: Association, message: Message) -> None:
    """Send what is asked for to the peer itself."""
    door = association.door
    objects = await door.in_thread(find_objects, door.platform, association.subject, message)
    await send_objects(association, message, association, objects)
