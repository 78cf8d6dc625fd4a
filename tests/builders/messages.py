"""The sentences of the screens as the code has them. `python -m tests.builders.messages` prints those without French."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir

from negatoscope.access.authorisation import SENTENCES
from negatoscope.doors.web.language import LOCALE_FOLDER, merge_catalogues

WEB: Final = LOCALE_FOLDER.parent
SOURCE: Final = WEB.parent.parent
PEOPLE_AREAS: Final = (
    "access",
    "archive/routing",
    "archive/prefetch",
    "patients",
    "orders",
    "reading",
    "reporting",
    "ai",
    "sharing",
    "exchange",
    "training",
    "doors/web",
)
METHODS: Final = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**/templates/**.xml", "ignore"), ("**.py", "python")]
KEYWORDS: Final[dict[str, tuple[int | tuple[int, int] | tuple[int, str], ...] | None]] = {
    "_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "P_": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
ERROR_KEYWORDS: Final[dict[str, None]] = dict.fromkeys((
    "InvalidInput", "Unauthenticated", "Forbidden", "Conflict", "InvalidTransition", "StaleVersion", "Refused",
    "OutOfResources",
))  # fmt: skip
"""Errors whose sentence a page shows. Nothing is said of what is not found, and faults of ours are not told."""

MACHINES_ONLY: Final = ("performed_", "worklist_attributes", "card.py", "jobs.py", "reading_outputs", "engines/", "matching.py")
"""Modules whose errors meet devices and programs, not people."""

PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s|\{(\w+)\}")

Identifier = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """One sentence that the code shows, and a place where it does."""

    identifier: Identifier
    context: str | None
    place: str


def used_messages(folder: Path = WEB) -> list[Used]:
    """Return every sentence in templates and modules of the folder, each once."""
    found: dict[tuple[Identifier, str | None], Used] = {}
    options = {"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "encoding": "utf-8", "silent": "false"}}
    methods = [(pattern.replace("**/templates/", "templates/"), method) for pattern, method in METHODS]
    options = {pattern.replace("**/templates/", "templates/"): value for pattern, value in options.items()}
    for name, line, message, _comments, context in extract_from_dir(
        folder, method_map=methods, options_map=options, keywords=KEYWORDS
    ):
        key = (message, context)
        found.setdefault(key, Used(message, context, f"{name}:{line}"))
    return list(found.values())


def error_messages(source: Path = SOURCE) -> list[Used]:
    """Return the sentences of the errors that a person can cause on a screen."""
    found: dict[str, Used] = {}
    for area in PEOPLE_AREAS:
        for name, line, message, _comments, _context in extract_from_dir(
            source / area, method_map=[("**.py", "python")], keywords=ERROR_KEYWORDS
        ):
            if isinstance(message, str) and not any(part in name for part in MACHINES_ONLY):
                found.setdefault(message, Used(message, None, f"{area}/{name}:{line}"))
    for sentence in (*SENTENCES.values(), "This is not permitted to you."):
        found.setdefault(sentence, Used(sentence, None, "access/authorisation.py"))
    return list(found.values())


def shown_messages() -> list[Used]:
    """Return every sentence of the product that a person can read on a screen."""
    return [*used_messages(), *error_messages()]


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _is_translated(catalogue: Catalog, used: Used) -> bool:
    first = used.identifier if isinstance(used.identifier, str) else used.identifier[0]
    message = catalogue.get(first, used.context)
    if message is None or message.fuzzy:
        return False
    strings = _strings(message)
    plural = isinstance(used.identifier, tuple)
    return bool(strings) and all(strings) and plural == (len(strings) > 1)


def untranslated(language: str, messages: Sequence[Used], folder: Path = LOCALE_FOLDER) -> list[Used]:
    """Return the sentences of the code that the catalogues of the language have not."""
    catalogue = merge_catalogues(language, folder)
    return [used for used in messages if not _is_translated(catalogue, used)]


def stale(language: str, messages: Sequence[Used], folder: Path = LOCALE_FOLDER) -> list[str]:
    """Return the sentences of the catalogues that the code no longer has."""
    firsts = {(u.identifier if isinstance(u.identifier, str) else u.identifier[0], u.context) for u in messages}
    return [
        str(message.id)
        for message in merge_catalogues(language, folder)
        if message.id and ((message.id if isinstance(message.id, str) else message.id[0]), message.context) not in firsts
    ]


def placeholder_faults(language: str, folder: Path = LOCALE_FOLDER) -> Iterator[str]:
    """Yield the sentences whose translation names other values than the source."""
    for message in merge_catalogues(language, folder):
        if not message.id:
            continue
        sources = (message.id,) if isinstance(message.id, str) else message.id
        targets = _strings(message)
        expected = set().union(*(PLACEHOLDER.findall(source) for source in sources))
        for target in targets:
            if not set(PLACEHOLDER.findall(target)) <= expected or (
                len(sources) == 1 and set(PLACEHOLDER.findall(target)) != expected
            ):
                yield sources[0]


def main(write: Callable[[str], object] = lambda line: sys.stdout.write(line + "\n")) -> int:
    """Print what is missing as entries of a catalogue, to be filled in."""
    for used in untranslated("fr", shown_messages()):
        write(f"#: {used.place}")
        if used.context:
            write(f'msgctxt "{used.context}"')
        singular, *plural = (used.identifier,) if isinstance(used.identifier, str) else used.identifier
        write('msgid "{}"'.format(singular.replace('"', '\\"')))
        if plural:
            write('msgid_plural "{}"\nmsgstr[0] ""\nmsgstr[1] ""\n'.format(plural[0].replace('"', '\\"')))
        else:
            write('msgstr ""\n')
    for identifier in stale("fr", shown_messages()):
        write(f"# stale: {identifier}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
