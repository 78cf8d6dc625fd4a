"""What each DICOMweb request is asked for first: the product, the subject, addresses, and the answers all routes share."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.access.model import Subject
from negatoscope.doors.dicomweb.accept import MediaRange, parse_accept
from negatoscope.doors.problems import problem
from negatoscope.doors.web.dependencies import identify
from negatoscope.formats.dicom.uids import parse_series_uid, parse_sop_instance_uid, parse_study_uid
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform


def platform_of(request: Request) -> Platform:
    """Return the product that this application serves."""
    platform: Platform = request.app.state.platform
    return platform


def subject_of(request: Request) -> Subject:
    """Return who is asking, by bearer token or session cookie, or raise Unauthenticated."""
    return identify(platform_of(request), request)


def root_of(request: Request) -> str:
    """Return the address of the DICOMweb root as the client reached it, or as the installation is known outside."""
    public = platform_of(request).settings.public_url
    # Not base_url: that is the address of the whole application, this one is mounted below it.
    reached = public.rstrip("/") if public is not None else f"{request.url.scheme}://{_host_of(request)}"
    return reached + str(request.scope.get("root_path", ""))


def _host_of(request: Request) -> str:
    """Return host and port; dicomweb-client names the host without its port, which the socket still knows."""
    host, port = request.url.netloc, request.url.port
    server = request.scope.get("server")
    if port is not None or server is None:
        return host
    is_direct = host in {server[0], "localhost"} and server[1] not in {80, 443, None}
    return f"{host}:{server[1]}" if is_direct else host


def ranges_of(request: Request) -> list[MediaRange]:
    """Return what the client takes; the query parameter `accept` counts before the header (PS3.18 8.3.3.1)."""
    return parse_accept(request.query_params.get("accept") or request.headers.get("accept"))


def scope_of(request: Request) -> dict[str, str | None]:
    """Return the UIDs of the path, each checked against the grammar."""
    parsers = {"study_uid": parse_study_uid, "series_uid": parse_series_uid, "sop_instance_uid": parse_sop_instance_uid}
    found: dict[str, str | None] = {}
    for name, parse in parsers.items():
        value = request.path_params.get(name)
        found[name] = parse(value) if value is not None else None
    return found


def uid_of(request: Request, name: str) -> str:
    """Return one UID that the path must have."""
    value = scope_of(request)[name]
    if value is None:
        raise InvalidInput("The path lacks an identifier.", field=name)
    return value


def not_acceptable() -> Response:
    """Say that nothing we can make is among what the client takes."""
    return problem(HTTPStatus.NOT_ACCEPTABLE, "No acceptable form of this exists", reason="not_acceptable")


def unsupported_media_type() -> Response:
    """Say that the body is of a type that this service does not take."""
    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This service does not take such a body", reason="unsupported_media_type")


def is_unchanged(request: Request, etag: str) -> bool:
    """Tell whether the client holds this very thing already (RFC 9110 13.1.2)."""
    held = request.headers.get("if-none-match")
    if held is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in held.split(",")]
    return "*" in tags or f'"{etag}"' in tags


def unchanged(etag: str) -> Response:
    """Answer that the client's copy is good."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": f'"{etag}"'})
