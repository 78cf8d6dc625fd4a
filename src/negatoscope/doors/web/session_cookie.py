"""The session cookie: what a browser carries so that we know who is asking."""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

SECURE_NAME: Final = "__Host-session"
PLAIN_NAME: Final = "session"


def _name(connection: HTTPConnection) -> str:
    """Return the name: the prefix makes browsers insist on https, which the loopback demonstration has not."""
    return SECURE_NAME if connection.url.scheme == "https" else PLAIN_NAME


def session_token(connection: HTTPConnection) -> str | None:
    """Return the token the browser carries, or None."""
    return connection.cookies.get(_name(connection))


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its token; it lasts until the browser closes, the server decides how long it is good."""
    secure = request.url.scheme == "https"
    response.set_cookie(_name(request), token, path="/", secure=secure, httponly=True, samesite="strict")


def clear_session(request: Request, response: Response) -> None:
    """Take the token back."""
    secure = request.url.scheme == "https"
    response.delete_cookie(_name(request), path="/", secure=secure, httponly=True, samesite="strict")
