"""The rooms of the department and which one takes a step."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.orders import planning_store
from negatoscope.orders.model import Room, StepRequest, check_short_string
from negatoscope.orders.planning_store import list_rooms
from negatoscope.platform.errors import InvalidInput

__all__ = ["choose_room", "define_room", "list_rooms"]

PROJECTION = frozenset({"DX", "CR", "RG"})


def define_room(tx: Connection, subject: Subject, room: Room) -> None:
    """Add a room, or change the one of this code."""
    authorise(tx, subject, Action.EDIT_WORKLIST_STATION)
    for value, field in ((room.room_code, "room_code"), (room.station_ae_title, "station_ae_title")):
        if not value:
            raise InvalidInput("A room has a code and a station.", field=field)
        check_short_string(value, field)
    planning_store.upsert_room(tx, room)
    record(tx, subject.actor, "room_defined", objects={"room_code": room.room_code, "ae_title": room.station_ae_title})


def choose_room(rooms: Sequence[Room], step: StepRequest, modality: str) -> Room | None:
    """Return the room that a step names by station, code or name; else the first one that can make such an image."""
    if step.station_ae_title:
        return next((room for room in rooms if room.station_ae_title == step.station_ae_title), None)
    if step.location:
        named = next((room for room in rooms if step.location in (room.room_code, room.name)), None)
        if named is not None:
            return named
    exact = next((room for room in rooms if room.modality == modality), None)
    if exact is None and modality in PROJECTION:
        return next((room for room in rooms if room.modality in PROJECTION), None)
    return exact
