"""Emergency access ('bris de glace'): a clinician opens one patient's record without a care relation, and says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.break_glass import break_glass_of_named_patient, list_open_glass
from negatoscope.access.model import AuthLevel, Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.access.refusals import record_refusal
from negatoscope.archive.studies import list_studies_of_patient
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.patients.store import bears_identifier, born_on, get_patients, list_patients
from negatoscope.platform.errors import Forbidden, InvalidInput, Unauthenticated

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
        break_glass_of_named_patient(
            platform, subject, _finder(form), reason_code=form.reason_code, explanation=form.explanation
        )
    except (InvalidInput, Unauthenticated) as error:
        return _page(request, subject, form, {error.field or "number": explain(error)})
    except Forbidden as error:
        if error.reason != "needs_two_factor":
            raise
        record_refusal(platform, error)
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


def _finder(form: Emergency) -> Callable[[Connection], UUID | None]:
    """Return how the one patient of this number and birth date is found; both are asked for."""
    number, birth_date = form.number.strip(), form.birth_date
    if not number or birth_date is None:
        raise InvalidInput("No patient record bears this number and birth date.", reason="patient_not_named", field="number")

    def find(tx: Connection) -> UUID | None:
        found = list_patients(tx, [bears_identifier(number), born_on(birth_date)], after=None, limit=2)
        return found[0].patient_id if len(found) == 1 else None

    return find
