"""Health for load balancers and people with curl: alive, and ready when the database answers. Tells nothing else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from negatoscope import __version__
from negatoscope.doors.web.dependencies import platform_of
from negatoscope.platform.errors import Unavailable

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
def live() -> JSONResponse:
    """Say that the process answers."""
    return JSONResponse({"status": "alive", "version": __version__})


@router.get("")
def ready(request: Request) -> JSONResponse:
    """Say that the process and its database answer, or raise Unavailable."""
    platform = platform_of(request)
    try:
        with platform.database.read(platform.tenant) as tx:
            tx.execute(text("select 1"))
    except SQLAlchemyError as error:
        raise Unavailable("The database does not answer.", reason="database_away") from error
    return JSONResponse({"status": "ready", "version": __version__})
