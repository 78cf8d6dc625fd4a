"""The explicit list of the screens: one line a module. A page that is not here does not exist."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from negatoscope.doors.web import (
    about_pages,
    access_pages,
    account_pages,
    admin_pages,
    ai_pages,
    archive_pages,
    archive_study_pages,
    audit_pages,
    devices_pages,
    dose_pages,
    emergency_pages,
    health,
    home_pages,
    live,
    messages_pages,
    orders_pages,
    patient_pages,
    patients_pages,
    preferences,
    prefetch_pages,
    reading_pages,
    recompression_pages,
    reporting_pages,
    rooms_pages,
    routing_pages,
    servers_pages,
    sharing_pages,
    study_pages,
    training_pages,
    transfers_pages,
    users_pages,
    workitem_pages,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    health.router,
    live.router,
    preferences.router,
    home_pages.router,
    access_pages.router,
    account_pages.router,
    reading_pages.router,
    reporting_pages.router,
    ai_pages.router,
    dose_pages.router,
    training_pages.router,
    study_pages.router,
    archive_pages.router,
    archive_study_pages.router,
    orders_pages.router,
    rooms_pages.router,
    patients_pages.router,
    messages_pages.router,
    sharing_pages.router,
    emergency_pages.router,
    patient_pages.router,
    users_pages.router,
    devices_pages.router,
    workitem_pages.router,
    routing_pages.router,
    transfers_pages.router,
    servers_pages.router,
    prefetch_pages.router,
    recompression_pages.router,
    audit_pages.router,
    admin_pages.router,
    about_pages.router,
)

PUBLIC_PATHS: Final = frozenset({
    "/login",
    "/login/code",
    "/logout",
    "/s",
    "/about",
    "/accessibility",
    "/health",
    "/health/live",
    "/help",
    "/preferences",
})  # fmt: skip
"""Addresses open to anybody. Every other route names its action; a test walks them all."""

SIGNED_IN_PATHS: Final[frozenset[str]] = frozenset({
    "/",
    "/events",
    "/confirm",
    "/my-exams",
    "/account",
    "/account/password",
    "/account/preferences",
    "/account/second-factor",
    "/account/second-factor/confirm",
    "/account/second-factor/remove",
    "/account/sessions/{session_id}/end",
    "/account/tokens",
    "/account/tokens/{token_id}/revoke",
})  # fmt: skip
"""Addresses of everybody who is signed in, whatever the role: what they show is their own."""
