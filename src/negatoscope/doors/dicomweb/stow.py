"""STOW-RS: objects out of a multipart body that is never gathered (PS3.18 10.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from negatoscope.access.model import Subject
from negatoscope.archive.receive import IncomingInstance, Source, SourceKind, begin_instance
from negatoscope.doors.dicomweb.accept import parse_accept, parse_content_type
from negatoscope.doors.dicomweb.multipart_reader import MultipartEvent, MultipartReader, PartBegins, PartBytes
from negatoscope.doors.dicomweb.requests import not_acceptable, platform_of, root_of, subject_of, unsupported_media_type
from negatoscope.doors.dicomweb.stow_answer import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    Results,
    answer_of,
    status_of,
)
from negatoscope.doors.dicomweb.stow_metadata import MetadataSession
from negatoscope.formats.dicom.uids import parse_study_uid
from negatoscope.platform.errors import InvalidInput, OutOfResources, Unavailable
from negatoscope.platform.runtime import Platform

_PIECE_BYTES: Final = 1 << 20
_DICOM: Final = "application/dicom"
_JSON: Final = "application/dicom+json"


async def store_instances(request: Request) -> Response:
    """Store what the body holds; one object at a time is in flight, and none of it waits in memory."""
    if not any(
        wanted.covers(_JSON) or wanted.covers("application/json") for wanted in parse_accept(request.headers.get("accept"))
    ):
        return not_acceptable()
    media_type, parameters = parse_content_type(request.headers.get("content-type", ""))
    inner = parameters.get("type", _DICOM).lower()
    is_multipart = media_type == "multipart/related" and inner in {_DICOM, _JSON}
    if request.headers.get("content-encoding", "identity") != "identity" or not (is_multipart or media_type == _DICOM):
        return unsupported_media_type()
    study_uid = request.path_params.get("study_uid")
    if study_uid is not None:
        parse_study_uid(study_uid)
    platform = platform_of(request)
    subject = await run_in_threadpool(subject_of, request)
    boundary = parameters.get("boundary", "") if is_multipart else None
    session = await run_in_threadpool(_session, platform, subject, study_uid, inner, boundary)
    try:
        await _receive(request, session)
        await run_in_threadpool(session.finish)
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        await run_in_threadpool(session.close)
    stored, failures = session.results.stored, session.results.failures
    body = orjson.dumps(answer_of(stored, failures, root_of(request)))
    return Response(body, status_code=status_of(stored, failures), media_type=_JSON)


def _session(platform: Platform, subject: Subject, study_uid: str | None, inner: str, boundary: str | None) -> Session:
    source = Source(
        kind=SourceKind.STOW, name=subject.login or subject.ae_title or subject.display_name, address=subject.address
    )
    if inner == _JSON:
        return MetadataSession(platform, subject, source, study_uid, boundary or "")
    return StowSession(platform, subject, source, study_uid, boundary)


async def _receive(request: Request, session: Session) -> None:
    """Hand the body over in pieces large enough that changing the thread costs nothing."""
    held = bytearray()
    async for chunk in request.stream():
        if not held and len(chunk) >= _PIECE_BYTES:
            await run_in_threadpool(session.feed, chunk)
            continue
        held += chunk
        if len(held) >= _PIECE_BYTES:
            piece, held = bytes(held), bytearray()
            await run_in_threadpool(session.feed, piece)
    if held:
        await run_in_threadpool(session.feed, bytes(held))


class Session(Protocol):
    """One request to store, whichever form its objects have."""

    results: Results

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        ...

    def finish(self) -> None:
        """Take the end of the body."""
        ...

    def close(self) -> None:
        """Leave nothing of what did not arrive whole."""
        ...


class StowSession:
    """One request to store: what became of each of its objects."""

    def __init__(
        self, platform: Platform, subject: Subject, source: Source, study_uid: str | None, boundary: str | None
    ) -> None:
        self._platform = platform
        self._subject = subject
        self._study_uid = study_uid
        self._source = source
        self._reader = MultipartReader(boundary) if boundary is not None else None
        self._incoming: IncomingInstance | None = None
        self._failed: int | None = None
        self._has_part = boundary is None
        # An object begins with its first byte: parts without any cost no more than their boundary.
        self._is_awaited = boundary is None
        self.results = Results()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        if self._reader is None:
            self._write(data)
            return
        self._handle(self._reader.feed(data))

    def finish(self) -> None:
        """Take the end of the body."""
        if self._reader is None:
            self._end()
            return
        self._reader.finish()
        if not self._has_part:
            raise InvalidInput("The body holds no object.", reason="empty_body")

    def close(self) -> None:
        """Drop an object that did not arrive whole."""
        if self._incoming is not None:
            self._incoming.discard()
            self._incoming = None

    def _handle(self, events: Iterable[MultipartEvent]) -> None:
        for event in events:
            if isinstance(event, PartBegins):
                self._has_part = True
                media_type, _ = parse_content_type(event.headers.get("content-type", _DICOM))
                self._is_awaited, self._failed = media_type == _DICOM, CANNOT_UNDERSTAND
            elif isinstance(event, PartBytes):
                self._write(event.data)
            else:
                self._end()

    def _begin(self) -> None:
        self._is_awaited, self._failed = False, None
        try:
            self._incoming = begin_instance(self._platform, self._subject, source=self._source, study_uid=self._study_uid)
        except OutOfResources:
            self._fail(OUT_OF_RESOURCES)
        except Unavailable:
            self._fail(PROCESSING_FAILURE)

    def _write(self, data: bytes) -> None:
        if self._is_awaited and data:
            self._begin()
        if self._incoming is None:
            return
        try:
            self._incoming.write(data)
        except OutOfResources:
            self._fail(OUT_OF_RESOURCES)
        except Unavailable:
            self._fail(PROCESSING_FAILURE)

    def _end(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            self.results.fail(self._failed or CANNOT_UNDERSTAND)
            return
        try:
            self.results.add(incoming.commit())
        except OutOfResources:
            self.results.fail(OUT_OF_RESOURCES)
        except Unavailable:
            self.results.fail(PROCESSING_FAILURE)

    def _fail(self, reason: int) -> None:
        """Note why the present part fails; what is left of it is read and dropped."""
        self.close()
        self._failed = reason
