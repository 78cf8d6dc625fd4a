"""What a person chose for the screens: language, theme, density. Kept in cookies, and in the account where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.users import set_language, set_theme
from negatoscope.doors.web.dependencies import find_subject, platform_of
from negatoscope.doors.web.language import LANGUAGE_COOKIE, LANGUAGES, N_
from negatoscope.platform.errors import InvalidInput, Unauthenticated

THEMES: Final[Mapping[str, str]] = MappingProxyType({
    "light": N_("Light"),
    "dark": N_("Dark"),
    "reading-room": N_("Reading room"),
})  # fmt: skip
DENSITIES: Final[Mapping[str, str]] = MappingProxyType({"compact": N_("Compact"), "comfortable": N_("Comfortable")})
THEME_COOKIE: Final = "theme"
DENSITY_COOKIE: Final = "density"
DEFAULT_THEME: Final = "dark"
DEFAULT_DENSITY: Final = "compact"
ONE_YEAR_S: Final = 365 * 24 * 3600

router = APIRouter()


def theme_of(request: Request) -> str:
    """Return the theme chosen in this browser, else in the account, else the default."""
    subject: Subject | None = getattr(request.state, "subject", None)
    chosen = request.cookies.get(THEME_COOKIE) or (subject.theme if subject is not None else None)
    return chosen if chosen is not None and chosen in THEMES else DEFAULT_THEME


def density_of(request: Request) -> str:
    """Return the density this browser chose, or the default."""
    chosen = request.cookies.get(DENSITY_COOKIE, DEFAULT_DENSITY)
    return chosen if chosen in DENSITIES else DEFAULT_DENSITY


def remember(
    request: Request,
    response: Response,
    *,
    language: str | None = None,
    theme: str | None = None,
    density: str | None = None,
) -> None:
    """Keep choices in the browser; unknown ones are left out."""
    chosen = (
        (LANGUAGE_COOKIE, language, LANGUAGES), (THEME_COOKIE, theme, THEMES), (DENSITY_COOKIE, density, DENSITIES),
    )  # fmt: skip
    for cookie, value, known in chosen:
        if value is not None and value in known:
            response.set_cookie(
                cookie,
                value,
                max_age=ONE_YEAR_S,
                path="/",
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )


def local_path(target: str) -> str:
    """Return the target when it is a path of ours, else the front page: no open redirect."""
    parts = urlsplit(target)
    inside = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if inside and target.isprintable() else "/"


@router.post("/preferences", include_in_schema=False)
def change_preferences(
    request: Request,
    language: Annotated[str | None, Form()] = None,
    theme: Annotated[str | None, Form()] = None,
    density: Annotated[str | None, Form()] = None,
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Keep what was chosen and return to the page it was chosen on."""
    for value, known, field in ((language, LANGUAGES, "language"), (theme, THEMES, "theme"), (density, DENSITIES, "density")):
        if value is not None and value not in known:
            raise InvalidInput("This choice does not exist.", field=field)
    _keep_in_account(request, language=language, theme=theme)
    response = RedirectResponse(local_path(back), status_code=303)
    remember(request, response, language=language, theme=theme, density=density)
    return response


def _keep_in_account(request: Request, *, language: str | None, theme: str | None) -> None:
    """Keep the choice for the next browser of the same person; those who are not signed in have cookies alone."""
    try:
        subject = find_subject(request)
    except Unauthenticated:
        return
    if subject.kind is not SubjectKind.USER:
        return
    if language is not None:
        set_language(platform_of(request), subject, language)
    if theme is not None:
        set_theme(platform_of(request), subject, theme)
