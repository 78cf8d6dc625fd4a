"""Workitems: C-FIND of the classes Pull, Watch and Query, one pending response a workitem (PS3.4 CC.2.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.access.model import Subject
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.matches import answer_matches
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.sop_classes import Family
from negatoscope.doors.dimse.statuses import PENDING, PENDING_UNSUPPORTED_KEYS
from negatoscope.orders.workitems.attributes import write_attributes
from negatoscope.orders.workitems.matching import Keys, Zone, keys_of, select_keys
from negatoscope.orders.workitems.moments import parse_offset
from negatoscope.orders.workitems.searching import WorkitemQuery, find_workitems, site_zone
from negatoscope.platform.errors import InvalidInput, OutOfResources
from negatoscope.platform.runtime import Platform

WORKITEM_FAMILIES: Final = frozenset({Family.WORKITEM_PULL, Family.WORKITEM_WATCH, Family.WORKITEM_QUERY})
PAGE: Final = 200


async def answer_workitem_find(association: Association, message: Message) -> None:
    """Send the matches, then the end; an identifier without any key matches nothing (PS3.4 CC.2.8.3.1)."""
    if message.command.affected_sop_class_uid != message.context.abstract_syntax:
        raise InvalidInput("The SOP class is not that of the presentation context.", reason="no_such_sop_class")
    door = association.door
    identifier = await door.in_thread(decode_data_set, message.content, message.context.transfer_syntax)
    keys = keys_of(identifier)
    zone = parse_offset(text_of(identifier, "TimezoneOffsetFromUTC")) or site_zone(door.platform.settings.time_zone)
    pages = _Pages(door.platform, association.subject, keys, zone, most=door.limits.find_responses)
    await answer_matches(
        association,
        message,
        pages.next_page,
        pending=PENDING_UNSUPPORTED_KEYS if text_of(identifier, "TransactionUID") else PENDING,
        character_set=text_of(identifier, "SpecificCharacterSet"),
    )


class _Pages:
    """Read the matches page by page, each in a transaction of its own."""

    def __init__(self, platform: Platform, subject: Subject, keys: Keys, zone: Zone, *, most: int) -> None:
        self._platform = platform
        self._subject = subject
        self._keys = keys
        self._zone = zone
        self._most = most
        self._count = 0
        self._after: tuple[datetime, str] | None = None
        self._is_last = not keys

    def next_page(self) -> list[Dataset] | None:
        """Return the next matches, None at the end."""
        if self._is_last:
            return None
        if self._count >= self._most:
            raise OutOfResources("The query has more matches than are answered; narrow it.", reason="too_many_matches")
        query = WorkitemQuery(
            keys=self._keys,
            zone=self._zone,
            time_zone=self._platform.settings.time_zone,
            limit=PAGE,
            after=self._after,
        )
        with self._platform.database.transaction(self._platform.tenant) as tx:
            found = find_workitems(tx, self._subject, query)
        self._count += len(found)
        self._is_last = len(found) < PAGE
        self._after = found[-1].place if found else None
        return [write_attributes(select_keys(workitem.attributes, self._keys)) for workitem in found]
