"""What an account is, and what a password must be. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from negatoscope.access.model import Role
from negatoscope.platform.errors import InvalidInput

LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?\Z")
LEAST_PASSWORD = 12
MOST_PASSWORD = 256
LEAST_LEFT = 6

COMMON_PIECES = (
    "motdepasse", "password", "passwort", "azertyuiop", "qwertyuiop", "azerty", "qwerty", "qwertz", "abcdefgh", "abcdef",
    "1234567890", "0123456789", "123456", "654321", "987654", "111111", "000000", "iloveyou", "jetaime", "bonjour", "hello",
    "soleil", "sunshine", "princess", "dragon", "monkey", "football", "letmein", "welcome", "bienvenue", "admin",
    "administrateur", "administrator", "changeme", "radiologie", "radiology", "radiologue", "scanner", "irm", "hopital",
    "hospital", "clinique", "docteur", "doctor", "secretaire", "negatoscope", "pacs", "ris", "2023", "2024", "2025", "2026",
    "2027", "123", "321", "abc", "!!",
)  # fmt: skip
"""What guessing programs try first; a password must hold enough besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account as administrators see it: never its secrets."""

    user_id: UUID
    login: str
    display_name: str
    professional_identifier: str | None
    language: str | None
    theme: str | None
    roles: frozenset[Role]
    patient_id: UUID | None
    disabled_at: datetime | None
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    version: int


def normal_login(text: str) -> str:
    """Return a login in its one written form."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def check_login(login: str) -> None:
    """Raise InvalidInput unless the login is small letters, digits and . _ @ - inside, 64 characters at most."""
    if LOGIN.match(login) is None:
        raise InvalidInput(
            "A login holds 1 to 64 small letters, digits, dots, dashes, underscores or at signs.",
            reason="login_not_valid",
            field="login",
        )


def check_password(password: str, *, login: str, display_name: str) -> None:
    """Raise InvalidInput for a password that guessing programs find early: too short, or made of known pieces."""
    if len(password) < LEAST_PASSWORD:
        raise _weak("A password has at least 12 characters.", "password_too_short")
    if len(password) > MOST_PASSWORD:
        raise _weak("A password has at most 256 characters.", "password_too_long")
    rest = _plain(password)
    names = [piece for piece in re.split(r"\W+", _plain(f"{login} {display_name}")) if len(piece) >= 3]
    for piece in sorted((*names, *COMMON_PIECES), key=len, reverse=True):
        rest = rest.replace(piece, "")
    if len(rest) < LEAST_LEFT or len(set(rest)) < LEAST_LEFT - 1:
        raise _weak("This password is easy to guess: use several unrelated words, without your name.", "password_easy_to_guess")


def check_person(*, display_name: str, roles: frozenset[Role], patient_id: UUID | None) -> None:
    """Raise InvalidInput for an account that could not work."""
    if not 1 <= len(display_name.strip()) <= 128 or not display_name.isprintable():
        raise InvalidInput("A name has 1 to 128 characters.", reason="name_not_valid", field="display_name")
    if not roles:
        raise InvalidInput("Choose at least one role.", reason="role_missing", field="roles")
    if (Role.PATIENT in roles) != (patient_id is not None):
        raise InvalidInput(
            "A patient's account belongs to one patient record, and no other account does.",
            reason="patient_record_expected",
            field="roles",
        )


def _weak(sentence: str, reason: str) -> InvalidInput:
    return InvalidInput(sentence, reason=reason, field="password")


def _plain(text: str) -> str:
    """Return the text without accents, in small letters, common digits-for-letters undone."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return folded.translate(str.maketrans("@$", "as"))
