"""Browsers by the names that people know them by."""

from __future__ import annotations

from typing import Final

BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS: Final = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def browser_name(user_agent: str | None) -> str | None:
    """Return 'Firefox, Windows' for what such a browser calls itself; None where nothing is recognised.

    Only a help to recognise one's own sessions: a browser may call itself what it likes.
    """
    if user_agent is None:
        return None
    # The order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
    browser = next((name for sign, name in BROWSERS if f"{sign}/" in user_agent), None)
    system = next((name for sign, name in SYSTEMS if sign in user_agent), None)
    return ", ".join(part for part in (browser, system) if part is not None) or None
