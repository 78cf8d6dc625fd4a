"""Which addresses of the product give pages, which screens show them, and in which languages and themes each is seen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.routing import APIRoute

from negatoscope.doors.web.language import LANGUAGES
from negatoscope.doors.web.preferences import THEMES
from tests.e2e.axe_screens import NOT_SCREENS, SCREENS
from tests.e2e.screen import Screen

Look = tuple[str, str]
"""A language and a theme."""


def readable(routers: Sequence[APIRouter]) -> list[APIRoute]:
    """Return all routes that answer GET, in the order in which they are tried."""
    routes = [route for router in routers for route in router.routes]
    strange = [route for route in routes if not isinstance(route, APIRoute)]
    assert strange == [], "a router holds something whose addresses are not known"
    return [route for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())]


def addresses_read(routers: Sequence[APIRouter]) -> set[str]:
    """Return the addresses that answer GET."""
    return {route.path for route in readable(routers)}


def route_of(routers: Sequence[APIRouter], address: str) -> str | None:
    """Return the route that answers GET at an address."""
    path = urlsplit(address).path
    return next((route.path for route in readable(routers) if route.path_regex.match(path)), None)


def unseen(routers: Sequence[APIRouter]) -> list[str]:
    """Return the addresses that no screen of the walk shows and that are not known to give no page."""
    seen = {screen.gives for screen in SCREENS}
    return sorted(addresses_read(routers) - seen - set(NOT_SCREENS))


def looks_of(number: int, screen: Screen) -> list[Look]:
    """Return the looks of a screen: each theme, the languages by turns from screen to screen; or each pair of both."""
    if screen.in_all_looks:
        return list(product(LANGUAGES, THEMES))
    languages = list(LANGUAGES)
    return [(languages[(number + turn) % len(languages)], theme) for turn, theme in enumerate(THEMES)]
