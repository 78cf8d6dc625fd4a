"""The form of an order as it is typed at the desk, and how it is read."""

from __future__ import annotations

from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from negatoscope.orders.model import Laterality, OrderRequest, Origin, Physician, Pregnancy, Priority, StepRequest
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

LONG = 10_000
NOBODY = UUID(int=0)


class OrderForm(BaseModel):
    """The fields of an order."""

    model_config = ConfigDict(extra="forbid")

    patient_id: UUID
    procedure_code: str = Field(default="", max_length=16)
    laterality: Laterality | None = None
    priority: Priority = Priority.ROUTINE
    origin: Origin = Origin.OUTPATIENT
    requester: str = Field(default="", max_length=600)
    requester_family_name: str = Field(default="", max_length=128)
    requester_given_names: str = Field(default="", max_length=128)
    requester_identifier: str = Field(default="", max_length=64)
    clinical_question: str = Field(default="", max_length=LONG)
    clinical_information: str = Field(default="", max_length=LONG)
    pregnancy: Pregnancy = Pregnancy.UNKNOWN
    day: str = Field(default="", max_length=10)
    time: str = Field(default="", max_length=8)
    room: str = Field(default="", max_length=16)
    patient_location: str = Field(default="", max_length=64)
    override_reason: str = Field(default="", max_length=500)

    @classmethod
    def empty(cls, platform: Platform) -> OrderForm:
        """Return the form as it is before anything was typed: today, now."""
        now = platform.clock.now().astimezone(ZoneInfo(platform.settings.time_zone))
        return cls(patient_id=NOBODY, day=f"{now:%Y-%m-%d}", time=f"{now:%H:%M}")


def read_order(form: OrderForm, time_zone: str) -> OrderRequest:
    """Return the order, or raise InvalidInput naming the field that is wrong."""
    if not form.procedure_code:
        raise InvalidInput("Choose a procedure.", reason="procedure_missing", field="procedure_code")
    if not form.clinical_question.strip():
        raise InvalidInput("Say what the examination is to answer.", reason="question_missing", field="clinical_question")
    return OrderRequest(
        source="desk",
        patient_id=form.patient_id,
        procedure_code=form.procedure_code,
        laterality=form.laterality,
        priority=form.priority,
        origin=form.origin,
        requesting_physician=_requester(form),
        clinical_question=form.clinical_question.strip(),
        clinical_information=form.clinical_information.strip(),
        pregnancy=form.pregnancy,
        patient_location=form.patient_location.strip(),
        steps=(StepRequest(starts_at=read_step_time(form.day, form.time, time_zone), location=form.room),),
        override_reason=form.override_reason.strip(),
    )


def read_step_time(day: str, clock: str, time_zone: str) -> datetime:
    """Return the moment that two fields of the browser name."""
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(time_zone))
    except ValueError as error:
        raise InvalidInput("Give the day and the time.", reason="time_malformed", field="day") from error


def _requester(form: OrderForm) -> Physician:
    """Return the requester: one who ordered before, or the one whose name was typed."""
    family_name, given_names = form.requester_family_name.strip(), form.requester_given_names.strip()
    if family_name:
        return Physician(family_name=family_name, given_names=given_names, identifier=form.requester_identifier.strip())
    known = form.requester.split("|")
    if len(known) == 4 and known[0]:
        return Physician(family_name=known[0], given_names=known[1], identifier=known[2], issuer=known[3])
    raise InvalidInput("Name the requesting physician.", reason="requester_missing", field="requester")
