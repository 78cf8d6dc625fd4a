"""Pages from templates: one frame, one set of components, every value escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from negatoscope import __version__
from negatoscope.access.model import Subject
from negatoscope.doors.web import formatting, language
from negatoscope.doors.web.assets import asset_tags
from negatoscope.doors.web.icons import icon
from negatoscope.doors.web.navigation import entries_for, is_current, split_menu
from negatoscope.doors.web.preferences import DENSITIES, THEMES, density_of, theme_of
from negatoscope.doors.web.shortcuts import SHORTCUTS
from negatoscope.doors.web.states import role_name, state_of, state_word
from negatoscope.platform.logs import request_id

TEMPLATE_FOLDER: Final = Path(__file__).parent / "templates"
STATUS_COOKIE: Final = "status"
LONGEST_STATUS: Final = 300


@lru_cache
def environment() -> Environment:
    """Return the one template environment of this process."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        language.gettext, language.ngettext, newstyle=True, pgettext=language.pgettext, npgettext=language.npgettext
    )
    made.filters.update({
        "date": formatting.format_date,
        "long_date": formatting.format_long_date,
        "time": formatting.format_time,
        "datetime": formatting.format_datetime,
        "duration": formatting.format_duration,
        "number": formatting.format_number,
        "percent": formatting.format_percent,
        "size": formatting.format_size,
        "person_name": formatting.format_person_name,
    })  # fmt: skip
    made.globals.update({
        "icon": icon,
        "asset_tags": asset_tags,
        "is_current": is_current,
        "state_of": state_of,
        "state_word": state_word,
        "role_name": role_name,
        "languages": language.LANGUAGES,
        "themes": THEMES,
        "densities": DENSITIES,
        "shortcuts": SHORTCUTS,
        "product_version": __version__,
    })  # fmt: skip
    return made


def subject_of(request: Request) -> Subject | None:
    """Return the subject that a dependency found for this request, or None on public pages."""
    subject: Subject | None = getattr(request.state, "subject", None)
    return subject


def page(request: Request, template: str, *, status_code: int = 200, **context: object) -> HTMLResponse:
    """Return a page in the language, theme and density of the one who asks."""
    subject = subject_of(request)
    message = unquote(request.cookies.get(STATUS_COOKIE, ""))[:LONGEST_STATUS]
    entries = entries_for(subject, request.app.state.entries) if subject is not None else ()
    frame: dict[str, object] = {
        "request": request,
        "subject": subject,
        "path": request.url.path,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "language": language.current_language(),
        "theme": theme_of(request),
        "density": density_of(request),
        "menu": split_menu(entries, request.url.path),
        "status_message": message,
        "request_number": request_id.get(),
    }
    content = environment().get_template(template).render(frame | context)
    response = HTMLResponse(content, status_code=status_code)
    if message:
        response.delete_cookie(STATUS_COOKIE, path="/")
    return response


def see_other(request: Request, path: str, *, status: str | None = None) -> RedirectResponse:
    """Go to a page after a write; `status` is said there once. Never put patient data into it."""
    response = RedirectResponse(path, status_code=303)
    if status is not None:
        secure = request.url.scheme == "https"
        response.set_cookie(
            STATUS_COOKIE, quote(status[:LONGEST_STATUS]), max_age=30, path="/", httponly=True, samesite="strict",
            secure=secure,
        )  # fmt: skip
    return response
