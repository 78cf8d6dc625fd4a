"""The web application of one worker process, built from the settings."""

from __future__ import annotations

from fastapi import FastAPI

from negatoscope.app.process import keep_memory, platform_of_process, settle
from negatoscope.doors.web.application import create_application
from negatoscope.platform.settings import load_settings


def create() -> FastAPI:
    """Return the application; called by the server in each of its workers."""
    keep_memory()
    application = create_application(platform_of_process(load_settings(), "web"))
    settle()
    return application
