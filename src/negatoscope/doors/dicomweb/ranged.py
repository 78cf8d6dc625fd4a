"""One part as the whole answer: with its tag, unchanged where the client holds it, or a range of it (RFC 9110 13 and 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.doors.dicomweb.byte_ranges import parse_range
from negatoscope.doors.dicomweb.multipart_writer import Part, single_response
from negatoscope.doors.dicomweb.requests import is_unchanged, unchanged

Chunks = Callable[[int, int], Iterable[bytes]]
"""Give so many bytes from an offset."""


def ranged_response(request: Request, *, content_type: str, size: int, etag: str, chunks: Chunks) -> Response:
    """Return stored bytes, or the range that is asked for; 416 for one outside of them."""
    if is_unchanged(request, etag):
        return unchanged(etag)
    headers = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", f'"{etag}"') != f'"{etag}"':
        return single_response(Part(content_type, chunks(0, size), size), headers=headers)
    span = parse_range(wanted, size)
    if span is None:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    offset, length = span
    headers["Content-Range"] = f"bytes {offset}-{offset + length - 1}/{size}"
    part = Part(content_type, chunks(offset, length), length)
    return single_response(part, headers=headers, status=HTTPStatus.PARTIAL_CONTENT)
