"""Fold names into search keys: the same person is found whatever the accents, case and punctuation."""

from __future__ import annotations

import unicodedata

_LETTERS = str.maketrans(
    {
        "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i", "ħ": "h", "Ħ": "H",
    }
)  # fmt: skip
COMPONENT = "^"


def fold(text: str, *, keep: str = "") -> str:
    """Return `text` in upper case without marks; whatever is neither letter, digit nor in `keep` becomes one space."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    upper = unicodedata.normalize("NFKD", _without_marks(plain).upper().translate(_LETTERS))
    letters = "".join(character if character in keep or character.isalnum() else " " for character in _without_marks(upper))
    return " ".join(letters.split())


def name_key(text: str) -> str:
    """Return the search key of a person name written as DICOM PN or HL7 XPN: `DUPONT LEFEVRE^JEAN`.

    Only the first component group that is not empty counts (PS3.5 6.2.1: alphabetic, ideographic, phonetic).
    """
    group = next((group for group in text.split("=") if group.strip(" ^")), "")
    folded = fold(group, keep=COMPONENT)
    return COMPONENT.join(part.strip() for part in folded.split(COMPONENT)).rstrip(COMPONENT)


def name_pattern(text: str) -> str:
    """Return a LIKE pattern (escape character: backslash) for a DICOM name key with the wildcards `*` and `?`."""
    group = next((group for group in text.split("=") if group.strip(" ^")), "")
    folded = fold(group, keep=COMPONENT + "*?")
    trimmed = COMPONENT.join(part.strip() for part in folded.split(COMPONENT)).rstrip(COMPONENT)
    return trimmed.replace("*", "%").replace("?", "_")


def key_range(prefix: str) -> tuple[str, str]:
    """Return the half-open range, under the C collation, of every key that starts with `prefix` (which is not empty)."""
    return prefix, prefix + "\U0010ffff"


def _without_marks(text: str) -> str:
    return "".join(character for character in text if not unicodedata.combining(character))
