from __future__ import annotations

from negatoscope.access.actions import Action
from negatoscope.doors.dicomweb.application import ROUTES

EXPECTED = {
    "POST": {
        Action.STORE_IMAGES,
        Action.CREATE_WORKITEM,
        Action.PERFORM_WORKITEM,
        Action.CANCEL_WORKITEM,
        Action.WATCH_WORKITEMS,
    },
    "GET": {Action.QUERY_IMAGES, Action.RETRIEVE_IMAGES, Action.VIEW_IMAGES, Action.QUERY_WORKITEMS},
    "PUT": {Action.PERFORM_WORKITEM},
    "DELETE": {Action.WATCH_WORKITEMS},
}


def test_each_route_names_an_action_that_fits_its_method() -> None:
    for route in ROUTES:
        assert route.action in EXPECTED[route.method]


def test_no_resource_is_listed_twice() -> None:
    keys = [(route.method, route.path) for route in ROUTES]
    assert len(set(keys)) == len(keys)
