"""The web application: screens, live events, DICOMweb and health behind one guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from negatoscope import __version__
from negatoscope.doors.dicomweb.application import create_dicomweb
from negatoscope.doors.web.assets import STATIC_FOLDER, HashedFiles
from negatoscope.doors.web.error_pages import register_error_answers
from negatoscope.doors.web.formatting import use_time_zone
from negatoscope.doors.web.guard import Guard
from negatoscope.doors.web.navigation import existing_entries
from negatoscope.doors.web.routers import ROUTERS
from negatoscope.platform.events import EventFeed
from negatoscope.platform.runtime import Platform


def create_application(platform: Platform) -> FastAPI:
    """Return the application of one process, serving one tenant."""
    app = FastAPI(
        title="Négatoscope",
        version=__version__,
        lifespan=_follow_events,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.platform = platform
    app.state.feed = EventFeed(platform.database, platform.tenant)
    use_time_zone(platform.settings.time_zone)
    register_error_answers(app)
    # First, since routes are tried in order: behind the hundred of the screens, each frame would pay for all of them.
    app.mount("/dicom-web", create_dicomweb(platform), name="dicomweb")
    app.mount("/static", HashedFiles(directory=STATIC_FOLDER), name="static")
    for router in ROUTERS:
        app.include_router(router)
    app.state.entries = existing_entries(app)
    app.add_middleware(Guard, language=platform.settings.language, public_url=platform.settings.public_url)
    return app


@asynccontextmanager
async def _follow_events(app: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(app.state.feed.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
