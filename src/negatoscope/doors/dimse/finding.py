"""Query: the archive searched by C-FIND, Patient Root and Study Root (PS3.4 C.4.1), hierarchical or, where agreed, relational."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydicom.datadict import dictionary_has_tag, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from negatoscope.access.model import Subject
from negatoscope.archive.find import FindQuery, Level, find, level_of, unsupported_keys
from negatoscope.audit.model import JsonValue
from negatoscope.audit.trail import record
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.extended_negotiation import BASELINE, Options
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.matches import answer_matches
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.sop_classes import PATIENT_ROOT_FIND
from negatoscope.doors.dimse.statuses import PENDING, PENDING_UNSUPPORTED_KEYS
from negatoscope.platform.errors import InvalidInput, OutOfResources
from negatoscope.platform.runtime import Platform

PAGE: Final = 200
NOT_KEYS: Final = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "InstanceAvailability", "RetrieveAETitle"})
ONLY_RETURNED: Final = frozenset({"TimezoneOffsetFromUTC"})
UNIQUE_KEYS: Final[Mapping[Level, str]] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """A C-FIND identifier understood."""

    query: FindQuery
    level: Level
    character_set: str
    has_unsupported_keys: bool


async def answer_c_find(association: Association, message: Message) -> None:
    """Send one pending response a match, then the end."""
    request = await association.door.in_thread(_read_message, message)
    pages = Pages(association.door.platform, association.subject, request, most=association.door.limits.find_responses)
    pending = PENDING_UNSUPPORTED_KEYS if request.has_unsupported_keys else PENDING
    await answer_matches(association, message, pages.next_page, pending=pending, character_set=request.character_set)


def _read_message(message: Message) -> FindRequest:
    identifier = decode_data_set(message.content, message.context.transfer_syntax)
    is_patient_root = message.context.abstract_syntax == PATIENT_ROOT_FIND
    return read_request(identifier, is_patient_root=is_patient_root, options=message.context.options)


def read_request(identifier: Dataset, *, is_patient_root: bool, options: Options = BASELINE) -> FindRequest:
    """Return what the identifier asks; InvalidInput when it does not fit its information model (PS3.4 C.4.1.2.1)."""
    level = read_level(identifier, is_patient_root=is_patient_root, is_relational=options.is_relational)
    filters: dict[str, str] = {}
    has_unknown_keys = False
    for element in identifier:
        keyword = keyword_for_tag(element.tag) if dictionary_has_tag(element.tag) else ""
        if keyword in NOT_KEYS or element.tag.element == 0:
            continue
        if not keyword:
            has_unknown_keys |= bool(element.value) and not element.tag.is_private_creator
        elif element.VR == "SQ":
            filters |= _sequence_key(keyword, element.value[0] if element.value else Dataset())
        else:
            filters[keyword] = "" if keyword in ONLY_RETURNED else text_of(identifier, keyword)
    if not options.is_relational:
        _refuse_lower_keys(filters, level)
    query = FindQuery(
        level=level,
        filters=filters,
        with_defaults=False,
        combines_date_time=options.combines_date_time,
        matches_empty=options.matches_empty,
    )
    return FindRequest(
        query=query,
        level=level,
        character_set=text_of(identifier, "SpecificCharacterSet"),
        has_unsupported_keys=has_unknown_keys or bool(unsupported_keys(filters)),
    )


def _sequence_key(keyword: str, item: Dataset) -> dict[str, str]:
    """Return the sequence as a key to return, and each key inside its item; deeper sequences count as written, unread."""
    inner = {f"{keyword}.{element.keyword}": _inner_text(item, element) for element in item if element.keyword}
    return {keyword: "", **inner}


def _inner_text(item: Dataset, element: DataElement) -> str:
    if element.VR != "SQ":
        return text_of(item, element.keyword)
    return "item" if any(_inner_text(deeper, inner) for deeper in element.value for inner in deeper) else ""


def _refuse_lower_keys(filters: Mapping[str, str], level: Level) -> None:
    """Raise InvalidInput for a value below the query level: only a relational query reaches there (PS3.4 C.4.1)."""
    for keyword, value in filters.items():
        lowest = level_of(keyword.partition(".")[0])
        if value.strip(" \0*") and lowest is not None and lowest.depth > level.depth:
            raise InvalidInput(
                "A key belongs to a level below the query level; that takes a relational query.",
                reason="key_of_lower_level",
                field=keyword,
            )


def read_level(identifier: Dataset, *, is_patient_root: bool, is_relational: bool = False) -> Level:
    """Return the query level; InvalidInput when it is none of the model, or a unique key above it is absent and needed."""
    try:
        level = Level(text_of(identifier, "QueryRetrieveLevel").strip())
    except ValueError as error:
        raise InvalidInput("The query level is none of the information model.", reason="bad_query_level") from error
    first = Level.PATIENT if is_patient_root else Level.STUDY
    if level.depth < first.depth:
        raise InvalidInput("The query level is none of the information model.", reason="bad_query_level")
    for above in Level if not is_relational else ():
        if first.depth <= above.depth < level.depth:
            value = text_of(identifier, UNIQUE_KEYS[above])
            if not value or "*" in value or "?" in value:
                raise InvalidInput("The unique key of a level above the query level is absent.", reason="missing_unique_key")
    return level


class Pages:
    """Read the matches page by page, so that a wide query holds neither memory nor a transaction for long.

    What arrives meanwhile moves the pages; a match that was answered is not answered again.
    """

    def __init__(self, platform: Platform, subject: Subject, request: FindRequest, *, most: int) -> None:
        self._platform = platform
        self._subject = subject
        self._request = request
        self._most = most
        self._offset = 0
        self._is_last = False
        self._answered: set[str] = set()

    def next_page(self) -> list[Dataset] | None:
        """Return the next matches, None at the end; leave a trace of the query with the first page."""
        if self._is_last:
            return None
        if self._offset >= self._most:
            raise OutOfResources("The query has more matches than are answered; narrow it.", reason="too_many_matches")
        query = replace(self._request.query, limit=PAGE, offset=self._offset)
        with self._platform.database.transaction(self._platform.tenant) as tx:
            matches = find(tx, self._subject, query)
            if self._offset == 0:
                record(tx, self._subject.actor, "images_queried", objects=self._trace(len(matches)))
        self._offset += len(matches)
        self._is_last = len(matches) < PAGE
        matches = [match for match in matches if self._is_new(match)]
        for match in matches:
            match.QueryRetrieveLevel = self._request.level.value
            match.RetrieveAETitle = self._platform.settings.ae_title
        return matches

    def _is_new(self, match: Dataset) -> bool:
        """Tell whether the match is none that was answered; patients may share a number, so theirs are not compared."""
        if self._request.level is Level.PATIENT:
            return True
        uid = str(match.get(UNIQUE_KEYS[self._request.level]))
        is_new = uid not in self._answered
        self._answered.add(uid)
        return is_new

    def _trace(self, matches: int) -> dict[str, JsonValue]:
        keys: list[JsonValue] = [keyword for keyword, value in self._request.query.filters.items() if value]
        return {"level": self._request.level.value, "keys": keys, "matches": f"{matches}" if matches < PAGE else f"{PAGE}+"}
