"""Typography of the printed text: which spaces never break, which apostrophe is meant. Words are never changed. Pure."""

from __future__ import annotations

import re

NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"

_UNITS = r"(?:mm|cm|m|kV|mAs|mA|ms|s|mGy|mGy·cm²|kg|g|ml|%|°|ans?|mois|jours?|semaines?|years?|months?|days?|weeks?)"
_NUMBER_AND_UNIT = re.compile(rf"(?<=\d) (?={_UNITS}\b|[%°])")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")


def typeset(text: str, language: str) -> str:
    """Return the text with no-break spaces where the language wants them."""
    done = _APOSTROPHE.sub("\u2019", _NUMBER_AND_UNIT.sub(NO_BREAK, text))
    if language != "fr":
        return done
    done = re.sub(r" (?=[;!?])", NARROW_NO_BREAK, done)
    done = re.sub(r" (?=:)", NO_BREAK, done)
    done = re.sub(r"«[ \u00a0]*", f"«{NO_BREAK}", done)
    return re.sub(r"[ \u00a0]*»", f"{NO_BREAK}»", done)
