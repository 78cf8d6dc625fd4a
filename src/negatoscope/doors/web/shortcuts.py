"""The keys: one registry from which the help dialog, the help page and the island take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from negatoscope.doors.web.language import N_


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One key: its stable name, the keys as `KeyboardEvent.key` names them, what it does, where it works."""

    name: str
    keys: str
    label: str
    scope: str


EVERYWHERE: Final = N_("Everywhere")
LISTS: Final = N_("In lists")
VIEWER: Final = N_("In the viewer")

SHORTCUTS: Final = (
    Shortcut("help", "?", N_("Show the keys"), EVERYWHERE),
    Shortcut("search", "/", N_("Go to the filter or search field"), EVERYWHERE),
    Shortcut("go-home", "g h", N_("Go to the home page"), EVERYWHERE),
    Shortcut("go-reading", "g r", N_("Go to the reading list"), EVERYWHERE),
    Shortcut("go-orders", "g o", N_("Go to the orders"), EVERYWHERE),
    Shortcut("go-patients", "g p", N_("Go to the patients"), EVERYWHERE),
    Shortcut("theme", "g t", N_("Next theme: light, dark, reading room"), EVERYWHERE),
    Shortcut("next-row", "j", N_("Next line"), LISTS),
    Shortcut("previous-row", "k", N_("Previous line"), LISTS),
    Shortcut("open-row", "Enter", N_("Open the line"), LISTS),
    Shortcut("refresh", "r", N_("Show the new lines"), LISTS),
)  # fmt: skip
