"""Speak to another DICOMweb server: the address, the secret and the limits that every request of ours has in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import orjson

from negatoscope.archive.routing.servers import WebDestination
from negatoscope.platform.errors import InvalidInput, Unavailable
from negatoscope.platform.json_value import JsonValue

CONNECT_TIMEOUT_S: Final = 10.0
ANSWER_TIMEOUT_S: Final = 60.0
MOST_JSON_BYTES: Final = 16 << 20


@contextmanager
def connected(server: WebDestination) -> Iterator[httpx.Client]:
    """Give a client of a server; whatever the network does to it is Unavailable.

    A redirection is not followed: it would take the secret, or the images, to where no administrator sent them.
    """
    auth = httpx.BasicAuth(server.login, server.secret) if server.login else None
    headers = {"Authorization": f"Bearer {server.secret}"} if server.secret and not server.login else {}
    timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    try:
        with httpx.Client(auth=auth, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False) as client:
            yield client
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable("The server does not answer.", reason="destination_unreachable") from error


def read_json(response: httpx.Response) -> JsonValue:
    """Return the JSON of an answer that is being streamed; InvalidInput for what is none or too long."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MOST_JSON_BYTES:
            raise InvalidInput("The server answers too much.", reason="answer_too_long")
    try:
        value: JsonValue = orjson.loads(bytes(body))
    except orjson.JSONDecodeError as error:
        raise InvalidInput("The server does not answer in JSON.", reason="answer_not_understood") from error
    return value


def require_success(response: httpx.Response) -> None:
    """Raise Unavailable for an answer that is no success: whatever it is, only a person or time can change it."""
    if response.status_code not in {200, 202, 204, 206}:
        raise Unavailable("The server does not serve us.", reason=f"http_{response.status_code}")
