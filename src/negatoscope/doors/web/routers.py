"""The explicit list of the screens: one line a module. A page that is not here does not exist."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from negatoscope.doors.web import about_pages, health, live, preferences

ROUTERS: Final[tuple[APIRouter, ...]] = (
    health.router,
    live.router,
    preferences.router,
    about_pages.router,
)

PUBLIC_PATHS: Final = frozenset({
    "/about",
    "/accessibility",
    "/health",
    "/health/live",
    "/help",
    "/preferences",
})  # fmt: skip
"""Addresses open to anybody. Every other route names its action; a test walks them all."""
