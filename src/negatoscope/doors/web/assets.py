"""The built front end: which hashed files a page needs, from Vite's manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from markupsafe import Markup
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_FOLDER: Final = Path(__file__).parent / "static"
MANIFEST: Final = STATIC_FOLDER / "build" / ".vite" / "manifest.json"
BUILD_URL: Final = "/static/build/"
UNBUILT_STYLE: Final = "/static/styles/site.css"
SITE_ENTRY: Final = "src/site.ts"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The addresses one entry needs: a script, its style sheets, the modules it imports at once."""

    script: str | None
    styles: tuple[str, ...]
    imports: tuple[str, ...] = ()


def read_bundle(manifest: Mapping[str, object], entry: str) -> Bundle | None:
    """Return what an entry of the manifest needs, its imports followed; None when it was not built."""
    styles: list[str] = []
    modules: list[str] = []
    seen: set[str] = set()

    def follow(key: str) -> str | None:
        chunk = manifest.get(key)
        if key in seen or not isinstance(chunk, dict):
            return None
        seen.add(key)
        for imported in chunk.get("imports", ()):
            file = follow(imported)
            if file is not None:
                modules.append(BUILD_URL + file)
        styles.extend(BUILD_URL + style for style in chunk.get("css", ()))
        return str(chunk["file"])

    file = follow(entry)
    if file is None:
        return None
    return Bundle(script=BUILD_URL + file, styles=tuple(dict.fromkeys(styles)), imports=tuple(modules))


@lru_cache(maxsize=4)
def _read_manifest(stamp: int) -> Mapping[str, object]:
    manifest: Mapping[str, object] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return manifest


def bundle(entry: str) -> Bundle | None:
    """Return the bundle of an entry, or None when the front end is not built."""
    if not MANIFEST.is_file():
        return None
    return read_bundle(_read_manifest(MANIFEST.stat().st_mtime_ns), entry)


def asset_tags(entry: str) -> Markup:
    """Return the tags that load an entry; without a build, the plain style sheet alone."""
    found = bundle(entry)
    if found is None:
        link = Markup('<link rel="stylesheet" href="{}">').format(UNBUILT_STYLE)
        return link if entry == SITE_ENTRY else Markup()
    tags = [Markup('<link rel="stylesheet" href="{}">').format(style) for style in found.styles]
    tags += [Markup('<link rel="modulepreload" href="{}">').format(module) for module in found.imports]
    if found.script is not None:
        tags.append(Markup('<script type="module" src="{}"></script>').format(found.script))
    return Markup("\n").join(tags)


class HashedFiles(StaticFiles):
    """Serve the static folder; names that carry a hash never change, so browsers keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return one file with its cache lifetime."""
        response = await super().get_response(path, scope)
        kept = path.startswith("build/assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response
