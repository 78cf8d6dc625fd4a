"""Retrieve Capabilities: which resources there are and how they are asked for, as WADL (PS3.18 8.9 and annex H)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.requests import Request
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.doors.dicomweb.accept import parse_accept
from negatoscope.doors.dicomweb.negotiation import DICOM, MEDIA_TYPES, OCTETS
from negatoscope.doors.dicomweb.requests import not_acceptable, root_of, subject_of
from negatoscope.formats.dicom.rendering import MEDIA_TYPES as PICTURE_TYPES

WADL: Final = "application/vnd.sun.wadl+xml"
_NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"
_JSON: Final = "application/dicom+json"
_PICTURES: Final = (*PICTURE_TYPES, "multipart/related")
# By how a path ends; the answers of everything else are JSON.
_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "/rendered": (*_PICTURES, "application/pdf"),
    "/thumbnail": ("image/jpeg", "image/png"),
    "/frames/{frames}": (OCTETS, *MEDIA_TYPES, "multipart/related"),
    "/bulkdata/{path:path}": (OCTETS, "multipart/related"),
}


class Described(Protocol):
    """A resource of this service."""

    @property
    def path(self) -> str:
        """Return the template of its address."""
        ...

    @property
    def method(self) -> str:
        """Return the method."""
        ...

    @property
    def action(self) -> Action:
        """Return what the policy is asked."""
        ...


def capabilities_of(routes: Sequence[Described], root: str) -> bytes:
    """Return the WADL document: one element a resource, one a method."""
    application = Element("application", {"xmlns": _NAMESPACE})
    resources = SubElement(application, "resources", {"base": root})
    by_path: dict[str, Element] = {}
    for route in routes:
        if route.path not in by_path:
            by_path[route.path] = SubElement(resources, "resource", {"path": route.path.replace(":path}", "}").lstrip("/")})
        method = SubElement(by_path[route.path], "method", {"name": route.method, "id": f"{route.method} {route.path}"})
        response = SubElement(method, "response")
        for media_type in _answers_of(route):
            SubElement(response, "representation", {"mediaType": media_type})
    return bytes(tostring(application, encoding="utf-8", xml_declaration=True))


def _answers_of(route: Described) -> tuple[str, ...]:
    found = next((types for end, types in _ANSWERS.items() if route.path.endswith(end)), None)
    if found is not None:
        return found
    return (DICOM, "multipart/related") if route.action is Action.RETRIEVE_IMAGES else (_JSON,)


def describe(routes: Sequence[Described]) -> Callable[[Request], Response]:
    """Return the endpoint of OPTIONS at the root; whoever is not known learns nothing."""

    def retrieve_capabilities(request: Request) -> Response:
        subject_of(request)
        if not any(wanted.covers(WADL) for wanted in parse_accept(request.headers.get("accept"))):
            return not_acceptable()
        return Response(capabilities_of(routes, root_of(request)), media_type=WADL)

    return retrieve_capabilities
