"""QIDO-RS: search for studies, series and instances (PS3.18 10.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

import orjson
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from negatoscope.archive.find import FindQuery, Level, search_json, unsupported_keys
from negatoscope.archive.query_attributes import ATTRIBUTES
from negatoscope.doors.dicomweb.requests import not_acceptable, platform_of, ranges_of, root_of, scope_of, subject_of
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.json_value import JsonValue

JSON_TYPES: Final = ("application/dicom+json", "application/json")
MOST_STUDIES: Final = 5_000
MOST_INSTANCES: Final = 50_000
_PATH_KEYS: Final = {"study_uid": "StudyInstanceUID", "series_uid": "SeriesInstanceUID"}
# What may be asked for and is not done, with what PS3.18 8.3.4 has us say then.
REFUSED_MATCHING: Final = {
    "fuzzymatching": "The fuzzymatching parameter is not supported. Only literal matching has been performed.",
    "emptyvaluematching": ("The emptyvaluematching parameter is not supported. Empty Value Matching has not been performed."),
    "multiplevaluematching": (
        "The multiplevaluematching parameter is not supported. Multiple Value Matching has not been performed."
    ),
}
_OWN_PARAMETERS: Final = frozenset({"accept", "limit", "offset", "includefield", *REFUSED_MATCHING})
MORE_WARNING: Final = "There are additional results that can be requested."
FIELDS_WARNING: Final = "The following optional attributes are not supported: "


@dataclass(frozen=True, slots=True)
class Search:
    """What a request asks, and what must be said about the answer."""

    query: FindQuery
    limit: int
    warnings: tuple[str, ...]


def search_studies(request: Request) -> Response:
    """Search for studies."""
    return _search(request, Level.STUDY)


def search_series(request: Request) -> Response:
    """Search for series, of one study or of all."""
    return _search(request, Level.SERIES)


def search_instances(request: Request) -> Response:
    """Search for instances, of one series, of one study or of all."""
    return _search(request, Level.IMAGE)


def _search(request: Request, level: Level) -> Response:
    subject = subject_of(request)
    media_type = _media_type(request)
    if media_type is None:
        return not_acceptable()
    path_keys = {_PATH_KEYS[name]: uid for name, uid in scope_of(request).items() if uid is not None}
    search = read_search(level, request.query_params, path_keys)
    found = search_json(platform_of(request), subject, search.query)
    warnings = list(search.warnings)
    if len(found) > search.limit:
        found = found[: search.limit]
        warnings.append(MORE_WARNING)
    root = root_of(request)
    for match in found:
        match["00081190"] = {"vr": "UR", "Value": [root + _path_of(match)]}
    response = Response(orjson.dumps(found), media_type=media_type) if found else Response(status_code=204)
    for warning in warnings:
        response.headers.append("Warning", f"299 {root}: {warning}")
    return response


def read_search(level: Level, parameters: QueryParams, path_keys: dict[str, str]) -> Search:
    """Read the query parameters; raise InvalidInput for a name or number that cannot be understood."""
    filters = dict(path_keys)
    for name, value in parameters.multi_items():
        if name.lower() in _OWN_PARAMETERS:
            continue
        keyword = _keyword(name)
        if keyword in path_keys:
            raise InvalidInput("The path names this attribute already.", field=keyword)
        filters[keyword] = f"{filters[keyword]}\\{value}" if keyword in filters else value
    most = MOST_INSTANCES if path_keys else MOST_STUDIES
    limit = min(_number(parameters, "limit", most), most)
    include, unknown = _include(parameters.getlist("includefield"), level)
    warnings = [text for name, text in REFUSED_MATCHING.items() if parameters.get(name, "false").lower() == "true"]
    unsupported = sorted(unsupported_keys(filters) | unknown)
    if unsupported:
        warnings.append(FIELDS_WARNING + ", ".join(unsupported))
    query = FindQuery(level=level, filters=filters, include=include, limit=limit + 1, offset=_number(parameters, "offset", 0))
    return Search(query, limit, tuple(warnings))


def _include(values: Iterable[str], level: Level) -> tuple[frozenset[str], frozenset[str]]:
    """Return the known attributes to return, and the names of those that the archive does not index."""
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if "all" in names:
        return frozenset(ATTRIBUTES), frozenset()
    keywords = frozenset(_keyword(name).partition(".")[0] for name in names)
    known = frozenset(keyword for keyword in keywords if keyword in ATTRIBUTES)
    reachable = frozenset(keyword for keyword in known if ATTRIBUTES[keyword].level.depth <= level.depth)
    return reachable, keywords - reachable - {"SpecificCharacterSet", "InstanceAvailability", "RetrieveURL"}


def _keyword(name: str) -> str:
    """Return the keyword path of `PatientName`, `00100010` or `00400275.00400009`."""
    keywords = []
    for part in name.split("."):
        is_tag = len(part) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in part)
        keyword = keyword_for_tag(int(part, 16)) if is_tag else part
        if not keyword or (not is_tag and tag_for_keyword(part) is None):
            if is_tag:
                keyword = part.upper()  # a private or unknown attribute: it exists, we do not index it
            else:
                raise InvalidInput("A query parameter is no attribute of DICOM.", reason="unknown_attribute")
        keywords.append(keyword)
    return ".".join(keywords)


def _number(parameters: QueryParams, name: str, default: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("The limit and the offset are whole numbers.", reason="bad_number", field=name)
    return int(text)


def _media_type(request: Request) -> str | None:
    for wanted in ranges_of(request):
        for media_type in JSON_TYPES:
            if not wanted.multipart and wanted.covers(media_type):
                return media_type
    return None


def _path_of(match: dict[str, JsonValue]) -> str:
    path = f"/studies/{_uid(match, '0020000D')}"
    if "0020000E" in match:
        path += f"/series/{_uid(match, '0020000E')}"
    if "00080018" in match:
        path += f"/instances/{_uid(match, '00080018')}"
    return path


def _uid(match: dict[str, JsonValue], tag: str) -> str:
    element = cast("dict[str, list[str]]", match[tag])  # written by ourselves as vr and Value
    return element["Value"][0]
