"""Send objects to another server by STOW-RS, one object a request, so that each has an answer of its own (PS3.18 10.5)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import httpx

from negatoscope.archive.open import OpenInstance, transcoded
from negatoscope.archive.routing.consignments import Consignment, Note
from negatoscope.archive.routing.servers import WebDestination
from negatoscope.doors.dicomweb.remote import connected, read_json
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.errors import CorruptObject, InvalidInput, NegatoscopeError, Refused, Unavailable
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.runtime import Platform

FAILED_SEQUENCE: Final = "00081198"
FAILURE_REASON: Final = "00081197"
SYNTAX_NOT_SUPPORTED: Final = "status_C122"  # PS3.18 table 10.5.3-2: Referenced Transfer Syntax not supported
AGAIN_LATER: Final = frozenset({401, 403, 404, 408, 429})


def send_to_server(platform: Platform, destination: WebDestination, consignment: Consignment, note: Note) -> None:
    """Send each object and note what the server answered; Unavailable when it cannot be spoken with."""
    with connected(destination) as client:
        for opened in filter(consignment.may_go, consignment.objects):
            note(str(opened.sop_instance_uid), _send_one(platform, client, destination, opened, consignment))


def _send_one(
    platform: Platform, client: httpx.Client, destination: WebDestination, opened: OpenInstance, consignment: Consignment
) -> str:
    """Return why the server does not have the object, '' when it has. What it cannot read it is given decoded."""
    wished = consignment.transfer_syntax_uid
    has_wish = bool(wished) and bool(opened.frames) and wished != opened.transfer_syntax_uid
    try:
        failure = _post(platform, client, destination, opened, wished if has_wish else "")
        if failure in {SYNTAX_NOT_SUPPORTED, "http_415"} and opened.frames:
            failure = _post(platform, client, destination, opened, EXPLICIT_VR_LITTLE_ENDIAN)
    except (CorruptObject, Refused, InvalidInput) as error:
        return error.reason
    return failure


def _post(
    platform: Platform, client: httpx.Client, destination: WebDestination, opened: OpenInstance, transfer_syntax_uid: str
) -> str:
    file = transcoded(platform, opened, transfer_syntax_uid) if transfer_syntax_uid else None
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode("ascii")
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")
    size = len(file) if file is not None else opened.size
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(len(head) + size + len(tail)),
        "Accept": "application/dicom+json",
    }
    pieces = iter([file]) if file is not None else opened.chunks()
    body = _body(head, pieces, tail)
    with client.stream("POST", f"{destination.base_url}/studies", content=body, headers=headers) as response:
        return _failure_of(response)


def _body(head: bytes, pieces: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from pieces
    yield tail


def _failure_of(response: httpx.Response) -> str:
    status = response.status_code
    if status in AGAIN_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR or 300 <= status < 400:
        raise Unavailable("The server does not serve us.", reason=f"http_{status}")
    if status == HTTPStatus.OK:
        return ""
    reasons = _reasons(response) if status in {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT} else []
    if status == HTTPStatus.ACCEPTED and not reasons:
        return ""  # stored with a warning
    return f"status_{reasons[0]:04X}" if reasons else f"http_{status}"


def _reasons(response: httpx.Response) -> list[int]:
    """Return the Failure Reasons of a store response; none where it is not understood."""
    try:
        answer = read_json(response)
    except NegatoscopeError:
        return []
    document = answer[0] if isinstance(answer, list) and answer else answer
    items = _values(document, FAILED_SEQUENCE)
    return [
        value for item in items for value in _values(item, FAILURE_REASON) if isinstance(value, int) and 0 <= value <= 0xFFFF
    ]


def _values(item: JsonValue, tag: str) -> list[JsonValue]:
    element = item.get(tag) if isinstance(item, Mapping) else None
    values = element.get("Value") if isinstance(element, Mapping) else None
    return list(values) if isinstance(values, list) else []
