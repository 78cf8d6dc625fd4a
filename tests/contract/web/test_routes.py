"""Each route names its action, or stands in the list of what is open to anybody. The walk can fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from negatoscope.access.model import Action, Role
from negatoscope.archive.studies import get_study
from negatoscope.doors.web.dependencies import SignedIn, requires
from negatoscope.doors.web.routers import PUBLIC_PATHS, SIGNED_IN_PATHS
from negatoscope.platform.runtime import Platform
from tests.builders.reading import a_stored_study
from tests.builders.web_client import TestClient, sign_in

MOUNTS = {"/static", "/dicom-web"}
"""Files open to anybody, and the door whose own tests walk its routes."""


def guards(dependant: Dependant) -> Iterator[SignedIn]:
    if isinstance(dependant.call, SignedIn):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from guards(inner)


def unguarded(routes: list[BaseRoute]) -> list[str]:
    found = []
    for route in routes:
        if isinstance(route, Mount):
            if route.path not in MOUNTS:
                found.append(f"mount {route.path}")
        elif isinstance(route, APIRoute):
            known = list(guards(route.dependant))
            named = any(guard.action is not None for guard in known)
            personal = bool(known) and route.path in SIGNED_IN_PATHS
            if not named and not personal and route.path not in PUBLIC_PATHS:
                found.append(f"{sorted(route.methods or ())} {route.path}")
        else:
            found.append(f"{type(route).__name__} {getattr(route, 'path', '')}")
    return found


def flat(app: FastAPI) -> list[BaseRoute]:
    """Return all routes; those of an included router stand behind one entry of the application."""
    found: list[BaseRoute] = []
    for route in app.routes:
        router = getattr(route, "original_router", None)
        found.extend(router.routes if router is not None else [route])
    return found


def test_every_route_names_its_action_or_is_public(application: FastAPI) -> None:
    assert unguarded(flat(application)) == []


def test_a_planted_route_without_an_action_is_found(application: FastAPI) -> None:
    @application.get("/planted")
    def planted() -> str:
        return ""

    @application.get("/planted-guarded")
    def guarded(subject: object = Depends(requires(Action.VIEW_IMAGES))) -> str:
        return ""

    assert unguarded(flat(application)) == ["['GET'] /planted"]


def test_lists_of_open_addresses_name_only_what_exists(application: FastAPI) -> None:
    paths = {route.path for route in flat(application) if isinstance(route, APIRoute)}
    assert paths >= PUBLIC_PATHS | SIGNED_IN_PATHS


def test_the_walk_sees_the_routes(application: FastAPI) -> None:
    assert {"/", "/events", "/health"} <= {route.path for route in flat(application) if isinstance(route, APIRoute)}


def readable_addresses(app: FastAPI) -> list[APIRoute]:
    return [
        r
        for r in flat(app)
        if isinstance(r, APIRoute) and "GET" in (r.methods or ()) and "{" not in r.path and r.path != "/events"
    ]


def test_nobody_unknown_sees_more_than_the_public_pages(application: FastAPI, browser: TestClient) -> None:
    for route in readable_addresses(application):
        answer = browser.get(route.path)
        if route.path not in PUBLIC_PATHS:
            assert answer.status_code == 303, route.path
            assert answer.headers["location"].startswith("/login")


def test_a_write_by_nobody_known_is_refused(application: FastAPI, browser: TestClient) -> None:
    for route in flat(application):
        if isinstance(route, APIRoute) and "POST" in (route.methods or ()) and route.path not in PUBLIC_PATHS:
            path = route.path.replace("{", "").replace("}", "")
            assert browser.post(path).status_code in {401, 422, 400}, route.path


@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_the_menu_opens_for_the_role_that_sees_it(role: Role, browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    sign_in(browser, platform, role, patient_id=patient_id if role is Role.PATIENT else None)
    home = browser.get("/help").text
    menu = home.partition('class="main-menu"')[2].partition("</nav>")[0]
    for address in [part.partition('"')[0] for part in menu.split('href="')[1:]]:
        answer = browser.get(address, follow_redirects=True)
        assert answer.status_code == 200, f"{role}: {address}"
