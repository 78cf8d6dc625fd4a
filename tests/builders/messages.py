"""The sentences of the screens as the code has them. `python -m tests.builders.messages` prints those without French."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir

from negatoscope.doors.web.language import LOCALE_FOLDER, merge_catalogues

WEB: Final = LOCALE_FOLDER.parent
METHODS: Final = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**/templates/**.xml", "ignore"), ("**.py", "python")]
KEYWORDS: Final[dict[str, tuple[int | tuple[int, int] | tuple[int, str], ...] | None]] = {
    "_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
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


def untranslated(language: str, folder: Path = LOCALE_FOLDER, web: Path = WEB) -> list[Used]:
    """Return the sentences of the code that the catalogues of the language have not."""
    catalogue = merge_catalogues(language, folder)
    return [used for used in used_messages(web) if not _is_translated(catalogue, used)]


def stale(language: str, folder: Path = LOCALE_FOLDER, web: Path = WEB) -> list[str]:
    """Return the sentences of the catalogues that the code no longer has."""
    firsts = {(u.identifier if isinstance(u.identifier, str) else u.identifier[0], u.context) for u in used_messages(web)}
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
    for used in untranslated("fr"):
        write(f"#: {used.place}")
        if used.context:
            write(f'msgctxt "{used.context}"')
        singular, *plural = (used.identifier,) if isinstance(used.identifier, str) else used.identifier
        write('msgid "{}"'.format(singular.replace('"', '\\"')))
        if plural:
            write('msgid_plural "{}"\nmsgstr[0] ""\nmsgstr[1] ""\n'.format(plural[0].replace('"', '\\"')))
        else:
            write('msgstr ""\n')
    for identifier in stale("fr"):
        write(f"# stale: {identifier}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
