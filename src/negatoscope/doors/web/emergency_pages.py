"""Emergency access ('bris de glace'): a clinician opens one patient's record without a care relation, and says why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.break_glass import break_glass, list_open_glass
from negatoscope.access.model import AuthLevel, Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.archive.studies import list_studies_of_patient
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.patients.store import bears_identifier, born_on, get_patients, list_patients
from negatoscope.platform.errors import Forbidden, InvalidInput
from negatoscope.platform.runtime import Platform

router = APIRouter(include_in_schema=False)

REASON_WORDS: Final[Mapping[str, str]] = {
    "emergency": N_("Vital emergency"),
    "continuity_of_care": N_("Continuity of care"),
    "second_opinion": N_("Second opinion asked for"),
    "other": N_("Other"),
}

Clinician = Annotated[Subject, Depends(requires(Action.BREAK_GLASS))]


class Emergency(BaseModel):
    """The fields of an emergency access."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(default="", max_length=64)
    birth_date: date | None = None
    reason_code: str = Field(default="emergency", max_length=32)
    explanation: str = Field(default="", max_length=2000)


@router.get("/emergency")
def show_emergency(request: Request, subject: Clinician) -> Response:
    """Ask for whom and why, and show what is open now."""
    return _page(request, subject, Emergency(), {})


@router.post("/emergency")
def open_record(request: Request, subject: Clinician, form: Annotated[Emergency, Form()]) -> Response:
    """Open the record of the one patient whom number and birth date name."""
    platform = platform_of(request)
    try:
        patient_id = _patient_of(platform, form)
        break_glass(platform, subject, patient_id=patient_id, reason_code=form.reason_code, explanation=form.explanation)
    except InvalidInput as error:
        return _page(request, subject, form, {error.field or "number": explain(error)})
    except Forbidden as error:
        if error.reason != "needs_two_factor":
            raise
        return _page(request, subject, form, {"number": explain(error)})
    return see_other(request, "/emergency", status=gettext("Record open for four hours; this access will be reviewed"))


def _page(request: Request, subject: Subject, form: Emergency, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    opened = list_open_glass(platform, subject)
    with platform.database.read(platform.tenant) as tx:
        patients = get_patients(tx, {one.patient_id for one in opened})
        studies = {one.patient_id: list_studies_of_patient(tx, one.patient_id) for one in opened}
    return page(
        request,
        "access/emergency.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        form=form,
        errors=errors,
        reasons=[(code, gettext(word)) for code, word in REASON_WORDS.items()],
        opened=opened,
        patients=patients,
        studies=studies,
        has_second_factor=subject.auth_level is AuthLevel.TWO_FACTOR,
        fresh=has_fresh_proof(subject, subject.seen_at),
    )


def _patient_of(platform: Platform, form: Emergency) -> UUID:
    """Return the one patient of this number and birth date; both are asked for, so that numbers cannot be tried out."""
    if form.number.strip() and form.birth_date is not None:
        where = [bears_identifier(form.number.strip()), born_on(form.birth_date)]
        with platform.database.read(platform.tenant) as tx:
            found = list_patients(tx, where, after=None, limit=2)
        if len(found) == 1:
            return found[0].patient_id
    raise InvalidInput("No patient record bears this number and birth date.", reason="patient_not_named", field="number")
