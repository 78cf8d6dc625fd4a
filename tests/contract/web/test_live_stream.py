"""The live stream over a real log: told as it happens, resumed where it broke, closed when the session ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta

import orjson
from fastapi import FastAPI, Request

from negatoscope.access.model import Role, Subject
from negatoscope.access.sessions import logout
from negatoscope.doors.web.live import stream_events
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.events import EventFeed, Position, head, position_ago, publish
from negatoscope.platform.runtime import Platform
from tests.builders.web_client import TestClient, sign_in

Stream = AsyncGenerator[bytes, None]


def a_request(application: FastAPI, session: str, last_event_id: str = "") -> Request:
    headers = [(b"cookie", f"session={session}".encode()), (b"last-event-id", last_event_id.encode())]
    return Request({
        "type": "http", "method": "GET", "path": "/events", "query_string": b"", "headers": headers, "scheme": "http",
        "server": ("testserver", 80), "client": ("127.0.0.1", 1), "app": application,
    })  # fmt: skip


def listen(
    platform: Platform,
    request: Request,
    subject: Subject,
    talk: Callable[[Stream], Awaitable[None]],
    *,
    heartbeat_s: float = 30,
) -> None:
    """Open the stream as one browser and let `talk` read it; the feed polls beside it."""

    async def run() -> None:
        feed = EventFeed(platform.database, platform.tenant, period_s=0.02)
        polling = asyncio.create_task(feed.run())
        try:
            async with aclosing(stream_events(request, feed, subject, heartbeat_s=heartbeat_s)) as stream:
                assert (await anext(stream)).startswith(b"retry: ")
                await asyncio.wait_for(talk(stream), 20)
        finally:
            polling.cancel()

    asyncio.run(run())


def say(platform: Platform, kind: str, study_uid: str) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, kind, subject=study_uid, payload={"study_uid": study_uid, "patient_name": "CANARI"})


def told(chunk: bytes) -> dict[str, str]:
    assert b"CANARI" not in chunk
    data: dict[str, str] = orjson.loads(chunk.split(b"data: ", 1)[1])
    return data


def test_what_happens_is_told_and_what_is_not_for_browsers_is_not(
    application: FastAPI, browser: TestClient, platform: Platform
) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)

    async def talk(stream: Stream) -> None:
        assert await anext(stream) == b": beat\n\n"  # from here on the stream listens
        await asyncio.to_thread(say, platform, "something_internal", "1.2.1")
        await asyncio.to_thread(say, platform, "study_arrived", "1.2.2")
        chunk = b": beat\n\n"
        while chunk == b": beat\n\n":
            chunk = await anext(stream)
        assert told(chunk) == {"kind": "study_arrived", "subject": "1.2.2", "study_uid": "1.2.2"}

    listen(platform, a_request(application, browser.cookies["session"]), subject, talk, heartbeat_s=0.05)


def test_what_happened_while_the_page_was_read_is_told_first(
    application: FastAPI, browser: TestClient, platform: Platform
) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)
    say(platform, "study_arrived", "1.2.1")

    async def talk(stream: Stream) -> None:
        assert told(await anext(stream))["subject"] == "1.2.1"
        await asyncio.to_thread(say, platform, "study_stable", "1.2.1")
        assert told(await anext(stream))["kind"] == "study_stable"

    listen(platform, a_request(application, browser.cookies["session"]), subject, talk)


def test_facts_are_told_from_their_age_on(platform: Platform) -> None:
    say(platform, "study_arrived", "1.2.1")
    with platform.database.read(platform.tenant) as tx:
        assert position_ago(tx, 0) == head(tx) != Position()
        assert position_ago(tx, 3600) == Position()


def test_a_broken_stream_resumes_where_it_was(application: FastAPI, browser: TestClient, platform: Platform) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)
    say(platform, "study_arrived", "1.2.1")
    with platform.database.read(platform.tenant) as tx:
        seen = head(tx)
    say(platform, "study_arrived", "1.2.2")
    say(platform, "study_stable", "1.2.2")

    async def talk(stream: Stream) -> None:
        assert (await anext(stream)).startswith(b"event: reload")
        chunks = [await anext(stream), await anext(stream)]
        assert [told(chunk)["kind"] for chunk in chunks] == ["study_arrived", "study_stable"]
        position = Position.parse(chunks[1].split(b"\n", 1)[0].removeprefix(b"id: ").decode())
        assert position is not None
        assert (position.transaction_id, position.sequence) > (seen.transaction_id, seen.sequence)

    listen(platform, a_request(application, browser.cookies["session"], str(seen)), subject, talk)


def test_the_stream_ends_with_the_session(application: FastAPI, browser: TestClient, platform: Platform) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)
    session = browser.cookies["session"]

    async def talk(stream: Stream) -> None:
        assert await anext(stream) == b": beat\n\n"
        await asyncio.to_thread(logout, platform, session, address=None)
        chunks = [chunk async for chunk in stream]
        assert chunks[-1].startswith(b"event: signed-out")
        assert set(chunks[:-1]) <= {b": beat\n\n"}

    listen(platform, a_request(application, session), subject, talk, heartbeat_s=0.01)


def test_the_stream_is_closed_to_nobody_known(browser: TestClient) -> None:
    assert browser.get("/events").status_code == 401


def test_the_stream_ends_with_the_session_however_much_happens(
    application: FastAPI, browser: TestClient, platform: Platform, clock: TurnedClock
) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)
    session = browser.cookies["session"]
    with platform.database.read(platform.tenant) as tx:
        before = head(tx)
    say(platform, "study_arrived", "1.2.1")
    say(platform, "study_arrived", "1.2.2")

    async def talk(stream: Stream) -> None:
        assert (await anext(stream)).startswith(b"event: reload")
        assert told(await anext(stream))["subject"] == "1.2.1"
        await asyncio.to_thread(logout, platform, session, address=None)
        clock.turn(timedelta(seconds=30))
        assert (await anext(stream)).startswith(b"event: signed-out")
        assert [chunk async for chunk in stream] == []

    listen(platform, a_request(application, session, str(before)), subject, talk)


def test_an_open_page_does_not_keep_the_session_awake(browser: TestClient, platform: Platform, clock: TurnedClock) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    for _ in range(3):
        clock.turn(timedelta(minutes=25))
        answer = browser.get("/", headers={"Negatoscope-Background": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    sign_in(browser, platform, Role.RADIOLOGIST)
    for _ in range(3):
        clock.turn(timedelta(minutes=25))
        assert browser.get("/").status_code == 200
