"""The dose register: each irradiation with its units, beside the reference level of its view."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import current_language
from negatoscope.doors.web.templates import page
from negatoscope.dose.reference_levels import IN_FORCE_SINCE, SOURCE, reference_level
from negatoscope.dose.register import list_register
from negatoscope.dose.store import RegisterRow
from negatoscope.dose.wording import quantity
from negatoscope.platform.errors import InvalidInput

router = APIRouter(include_in_schema=False)

PAGE_LENGTH: Final = 50
ADULT_YEARS: Final = 18
LARGEST_INDEX_DEVIATION: Final = 3
"""Beyond +3 the detector got about twice what was meant; below -3 the image is likely to be repeated (TG-116)."""


@router.get("/dose")
def show_register(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.VIEW_DOSE_REGISTER))],
    body_part: Annotated[str, Query(max_length=16)] = "",
    station: Annotated[str, Query(max_length=64)] = "",
    flagged: bool = False,
    after: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Show the register, newest first. Whoever may not search patients sees no name."""
    rows = list_register(
        platform_of(request),
        subject,
        body_part=body_part.strip().upper(),
        station_name=station.strip(),
        flagged=flagged,
        after=_key(after) if after else None,
        limit=PAGE_LENGTH + 1,
    )
    shown = rows[:PAGE_LENGTH]
    filters = {"body_part": body_part, "station": station} | ({"flagged": "true"} if flagged else {})
    next_href = None
    if len(rows) > PAGE_LENGTH:
        last = shown[-1]
        key = f"{last.recorded_at.isoformat()}~{last.exposure.event_uid}"
        next_href = f"/dose?{urlencode({**filters, 'after': key})}"
    return page(
        request,
        "dose/register.html",
        rows=shown,
        filters=filters,
        flagged=flagged,
        next_href=next_href,
        first_href=f"/dose?{urlencode(filters)}" if after else None,
        shows_identity=may_ever(subject, Action.SEARCH_PATIENTS),
        reference_level=reference_level,
        is_adult=_is_adult,
        quantity=lambda value: quantity(value, current_language()),
        source=SOURCE,
        in_force_since=IN_FORCE_SINCE,
        largest_deviation=LARGEST_INDEX_DEVIATION,
    )


def _is_adult(row: RegisterRow) -> bool:
    """Tell whether the levels for adults concern this exposure; an unknown age is no child's."""
    born, at = row.patient_birth_date, row.exposure.irradiated_at or row.recorded_at
    if born is None:
        return True
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day)) >= ADULT_YEARS


def _key(text: str) -> tuple[datetime, str]:
    try:
        at, event_uid = text.split("~")
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise InvalidInput("The page key is not one of ours.", field="after") from error
    if moment.tzinfo is None:
        raise InvalidInput("The page key is not one of ours.", field="after")
    return moment, event_uid
