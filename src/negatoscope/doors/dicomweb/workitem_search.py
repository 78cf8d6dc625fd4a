"""UPS-RS: search for workitems, with the matching of C-FIND (PS3.18 11.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from negatoscope.access.model import Subject
from negatoscope.doors.dicomweb.requests import platform_of, root_of, subject_of
from negatoscope.doors.dicomweb.workitem_answers import answering, json_of, must_take_json
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems.attributes import has_value, tag_of
from negatoscope.orders.workitems.matching import NEVER_KEYS, Keys, select_keys
from negatoscope.orders.workitems.model import Workitem
from negatoscope.orders.workitems.requirements import REQUIREMENTS
from negatoscope.orders.workitems.searching import WorkitemQuery, find_workitems, site_zone
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

MOST: Final = 1_000
_OWN_PARAMETERS: Final = frozenset({"accept", "charset", "fuzzymatching", "includefield", "limit", "offset"})
_FUZZY_WARNING: Final = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
_MORE_WARNING: Final = "There are additional results that can be requested."
_DEFAULT_KEYS: Final = tuple(tag_of(entry.keyword) for entry in REQUIREMENTS if entry.returned in "12")
_CONDITIONAL: Final = tuple(entry.keyword for entry in REQUIREMENTS if entry.returned == "C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is asked: the keys, what else comes back (None: everything), and which part of the matches."""

    keys: Keys
    include: Keys | None
    limit: int
    offset: int


async def _search(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    must_take_json(request)
    search = read_search(request.query_params.multi_items())
    found = await run_in_threadpool(_find, platform_of(request), subject, search)
    has_more = len(found) > search.limit
    answers = [_answer(workitem, search) for workitem in found[: search.limit]]
    status = HTTPStatus.PARTIAL_CONTENT if has_more else HTTPStatus.OK
    response = json_of(answers, status=status) if answers else Response(status_code=HTTPStatus.NO_CONTENT)
    is_fuzzy = request.query_params.get("fuzzymatching", "false").lower() == "true"
    warnings = [_MORE_WARNING] * has_more + [_FUZZY_WARNING] * is_fuzzy
    for warning in warnings:
        response.headers.append("Warning", f"299 {root_of(request)}: {warning}")
    return response


search_workitems = answering(_search)


def _find(platform: Platform, subject: Subject, search: Search) -> list[Workitem]:
    time_zone = platform.settings.time_zone
    query = WorkitemQuery(
        keys=search.keys, zone=site_zone(time_zone), time_zone=time_zone, limit=search.limit + 1, offset=search.offset
    )
    with platform.database.transaction(platform.tenant) as tx:
        return find_workitems(tx, subject, query)


def read_search(parameters: Iterable[tuple[str, str]]) -> Search:
    """Read the query parameters; InvalidInput for one that cannot be understood."""
    own = [(name.lower(), value) for name, value in parameters if name.lower() in _OWN_PARAMETERS]
    fields = [field for name, value in own if name == "includefield" for field in value.split(",") if field.strip()]
    include = None if "all" in fields else read_keys((field.strip(), "") for field in fields)
    return Search(
        keys=read_keys((name, value) for name, value in parameters if name.lower() not in _OWN_PARAMETERS),
        include=include,
        limit=min(_number(dict(own), "limit", MOST), MOST),
        offset=_number(dict(own), "offset", 0),
    )


def read_keys(pairs: Iterable[tuple[str, str]]) -> Keys:
    """Return matching keys named by keyword, by tag or by a path of them; several values of one are alternatives."""
    keys: Keys = {}
    for name, value in pairs:
        *path, last = [_tag(part) for part in name.split(".")]
        level = keys
        for tag in path:
            inner = level.setdefault(tag, {})
            if not isinstance(inner, dict):
                raise InvalidInput("An attribute is named both as a whole and in part.", reason="bad_key", field=name)
            level = inner
        if last in NEVER_KEYS:
            continue
        vr = _vr(last)
        if vr == "SQ":
            level.setdefault(last, {})
            continue
        text = value.replace(",", "\\") if vr == "UI" else value
        present = level.get(last)
        level[last] = f"{present}\\{text}" if isinstance(present, str) and present and text else text
    return keys


def _tag(part: str) -> str:
    if len(part) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in part):
        return part.upper()
    if tag_for_keyword(part) is None:
        raise InvalidInput("A query parameter is no attribute of DICOM.", reason="unknown_attribute")
    return tag_of(part)


def _vr(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16))
    except KeyError:
        return "UN"


def _number(own: dict[str, str], name: str, default: int) -> int:
    text = own.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("The limit and the offset are whole numbers.", reason="bad_number", field=name)
    return int(text)


def _answer(workitem: Workitem, search: Search) -> JsonDataSet:
    attributes = workitem.attributes
    if search.include is None:
        return attributes
    whole: Keys = dict.fromkeys(_DEFAULT_KEYS, "")
    conditional: Keys = {tag_of(keyword): "" for keyword in _CONDITIONAL if has_value(attributes, keyword)}
    # What is asked for in part comes whole: a name in the address narrows, it takes nothing away.
    asked: Keys = {tag: {} if isinstance(key, dict) else "" for tag, key in (search.keys | search.include).items()}
    return select_keys(attributes, whole | conditional | asked)
