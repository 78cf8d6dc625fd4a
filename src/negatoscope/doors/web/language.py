"""The language of a page: English source sentences, French catalogues, one file an area, read at start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import HTTPConnection

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"fr": "Français", "en": "English"})
LANGUAGE_COOKIE: Final = "language"
LOCALE_FOLDER: Final = Path(__file__).parent / "locale"
SOURCE_LANGUAGE: Final = "en"

_current: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


class DuplicateTranslation(ValueError):
    """Two areas translate the same sentence differently; one word an idea."""


def merge_catalogues(language: str, folder: Path = LOCALE_FOLDER) -> Catalog:
    """Read every catalogue of a language into one; the same sentence twice must read the same."""
    merged = Catalog(locale=language)
    for path in sorted((folder / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        for message in catalogue:
            if not message.id:
                continue
            known = merged.get(message.id, message.context)
            if known is not None and known.string != message.string:
                raise DuplicateTranslation(f"{path.name}: {message.id!r}")
            merged.add(message.id, message.string, context=message.context, flags=message.flags)
    return merged


@lru_cache
def translations(language: str) -> NullTranslations:
    """Return the sentences of a language, read once a process."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    buffer = BytesIO()
    write_mo(buffer, merge_catalogues(language))
    buffer.seek(0)
    return GNUTranslations(buffer)


def current_language() -> str:
    """Return the language of the page that is being made."""
    return _current.get()


def use_language(language: str) -> None:
    """Set the language of the request at hand."""
    _current.set(language)


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Speak a language for a while, then the one before."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def gettext(message: str) -> str:
    """Translate a sentence into the language of the page; import it as `_`."""
    return translations(_current.get()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a sentence that counts."""
    return translations(_current.get()).ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    """Translate a word that means different things in different places."""
    return translations(_current.get()).pgettext(context, message)


def npgettext(context: str, singular: str, plural: str, n: int) -> str:
    """Translate a counted word that means different things in different places."""
    return translations(_current.get()).npgettext(context, singular, plural, n)


def N_(message: str) -> str:  # noqa: N802 - the extractor's conventional mark
    """Mark a sentence for translation where it is written; `_()` translates it where it is shown."""
    return message


def P_(context: str, message: str) -> str:  # noqa: N802 - the extractor reads the context
    """Mark a word for translation in a context; `pgettext()` translates it where it is shown."""
    return message


def choose_language(connection: HTTPConnection, fallback: str) -> str:
    """Return the language of a request: the one chosen (kept in a cookie), else the browser's, else the house's."""
    chosen = connection.cookies.get(LANGUAGE_COOKIE)
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    return _preferred(connection.headers.get("accept-language", "")) or fallback


def _preferred(header: str) -> str | None:
    ranked: list[tuple[float, int, str]] = []
    for position, item in enumerate(header.split(",")[:20]):
        tag, _separator, quality = item.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES:
            ranked.append((-_quality(quality), position, language))
    return min(ranked)[2] if ranked else None


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
