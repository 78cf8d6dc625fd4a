"""What every answer of the HTTP door passes: request number, headers, origin of writes, size of bodies, last net for faults."""

from __future__ import annotations

import re
import secrets
import traceback
from http import HTTPStatus
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from negatoscope.doors.web.error_pages import answer_error, answer_status
from negatoscope.doors.web.language import choose_language, use_language
from negatoscope.platform.logs import get_logger, request_id

logger = get_logger()

CONTENT_SECURITY_POLICY: Final = "; ".join((
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",  # the image codecs are WebAssembly; no inline script, ever
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
))  # fmt: skip

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Not "no-referrer": under it browsers send "Origin: null" with our own forms, and a write could no longer be told
    # from a foreign one over plain HTTP. Nothing leaves to another site under this one either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    "Cache-Control": "no-store",
}
STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_LIMIT: Final = 2 * 1024 * 1024
OWN_LIMIT_PREFIXES: Final = ("/dicom-web/", "/imports/upload")
GIVEN_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")


class BodyTooLarge(HTTPException):
    """More bytes came than this door takes; raised where the body is read, answered as any status."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class Guard:
    """Wrap the application: nothing enters or leaves that is not checked here first."""

    def __init__(self, app: ASGIApp, *, language: str, public_url: str | None = None) -> None:
        self._app = app
        self._language = language
        self._public = urlsplit(public_url) if public_url is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; connections other than HTTP are passed through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._see_as_public(scope)
        request = Request(scope, receive)
        number = _request_number(request)
        token = request_id.set(number)
        use_language(choose_language(request, self._language))
        sender = _Sender(send, number, secure=request.url.scheme == "https")
        try:
            await self._serve(request, scope, receive, sender)
        finally:
            request_id.reset(token)

    def _see_as_public(self, scope: Scope) -> None:
        """Take a request for the public address as what the browser sent: a proxy in front speaks https, we plain http."""
        if self._public is not None and Headers(scope=scope).get("host", "") == self._public.netloc:
            scope["scheme"] = self._public.scheme

    async def _serve(self, request: Request, scope: Scope, receive: Receive, sender: _Sender) -> None:
        refusal = refuse_foreign_write(request)
        if refusal is not None:
            logger.warning("request_refused", reason=refusal, method=request.method, status=403)
            answer = await run_in_threadpool(answer_status, request, HTTPStatus.FORBIDDEN, refusal)
            await answer(scope, receive, sender)
            return
        if not request.url.path.startswith(OWN_LIMIT_PREFIXES):
            if declares_too_much(request):
                too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                answer = await run_in_threadpool(answer_status, request, too_large, "body_too_large")
                await answer(scope, receive, sender)
                return
            receive = _counted(receive)
        try:
            await self._app(scope, receive, sender)
        except Exception as error:  # the outermost loop of this door
            logger.error(  # noqa: TRY400 - the message of an unforeseen exception may hold what patients are called
                "request_failed",
                error=type(error).__name__,
                exception=_where(error.__traceback__),
                method=request.method,
                route=_route(request),
            )
            if sender.finished:
                return
            if sender.started:
                raise ConnectionAbortedError("answer cut short") from None
            answer = await run_in_threadpool(answer_error, request, error)
            await answer(scope, receive, sender)


class _Sender:
    """Pass messages on and put the headers on the first."""

    def __init__(self, send: Send, number: str, *, secure: bool) -> None:
        self._send = send
        self._number = number
        self._secure = secure
        self.started = False
        self.finished = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self._number
            if self._secure:
                headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.finished = True
        await self._send(message)


def refuse_foreign_write(request: Request) -> str | None:
    """Return why a write may not pass: a browser must show that one of our own pages sent it.

    A bearer token is no cookie: no browser adds it by itself, so such requests pass.
    """
    if request.method in SAFE_METHODS or request.headers.get("authorization"):
        return None
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return "foreign_site"
    origin = request.headers.get("origin")
    if origin is None:
        return None if site == "same-origin" or not request.cookies else "origin_missing"
    own = f"{request.url.scheme}://{request.url.netloc}"
    return None if origin == own else "foreign_origin"


def _counted(receive: Receive) -> Receive:
    """Pass a body on as long as it is not too large."""
    taken = 0

    async def count() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > FORM_LIMIT:
            raise BodyTooLarge
        return message

    return count


def declares_too_much(request: Request) -> bool:
    """Tell whether the request says beforehand that its body is larger than this door takes."""
    declared = request.headers.get("content-length", "")
    return declared.isdigit() and int(declared) > FORM_LIMIT


def _request_number(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if GIVEN_REQUEST_ID.match(given) else secrets.token_hex(8)


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))


def _where(trace: TracebackType | None) -> str:
    """Return the places an exception passed, without its message."""
    return " > ".join(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-6:])
