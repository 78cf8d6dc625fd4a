"""Patients for the department: search, a new one, the page of one with identity, orders and exams."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.studies import list_studies_of_patient
from negatoscope.audit.trail import record
from negatoscope.doors.web import order_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import gettext
from negatoscope.doors.web.order_words import explain
from negatoscope.doors.web.templates import page, see_other
from negatoscope.orders.lookup import list_orders
from negatoscope.patients.model import Demographics, IdentityStatus, Patient, PatientIdentifier, Sex
from negatoscope.patients.register import confirm_document, edit_traits, register_patient, settle_identity
from negatoscope.patients.search import PatientPage, list_patients, search_patients
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.reports import latest_versions

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
Searcher = Annotated[Subject, Depends(requires(Action.SEARCH_PATIENTS))]
Creator = Annotated[Subject, Depends(requires(Action.CREATE_PATIENT))]


class PatientForm(BaseModel):
    """The traits as they are typed."""

    model_config = ConfigDict(extra="forbid")

    family_name: str = Field(default="", max_length=194)
    given_names: str = Field(default="", max_length=194)
    birth_family_name: str = Field(default="", max_length=194)
    birth_first_name: str = Field(default="", max_length=194)
    birth_given_names: str = Field(default="", max_length=194)
    birth_date: str = Field(default="", max_length=10)
    birth_place_code: str = Field(default="", max_length=10)
    sex: str = Field(default="", max_length=1)
    identifier: str = Field(default="", max_length=64)
    issuer: str = Field(default="", max_length=64)
    version: int = 0
    then: str = Field(default="", max_length=8)


@router.get("/patients")
def show_patients(
    request: Request,
    subject: Searcher,
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Search patients; without a search, list them by name."""
    platform = platform_of(request)
    errors: dict[str, str] = {}
    found = PatientPage(patients=(), next_after=None)
    with platform.database.read(platform.tenant) as tx:
        try:
            key = _after(after)
            find = search_patients(tx, subject, q, after=key, limit=PAGE) if q.strip() else None
            found = find or list_patients(tx, subject, after=key, limit=PAGE)
        except InvalidInput as error:
            errors["q"] = explain(error)
    return page(
        request,
        "patients/list.html",
        patients=found.patients,
        q=q,
        errors=errors,
        next_after=found.next_after,
        may_create=may_ever(subject, Action.CREATE_PATIENT),
    )


@router.get("/patients/new")
def ask_for_patient(
    request: Request,
    subject: Creator,
    name: Annotated[str, Query(max_length=100)] = "",
    then: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """Ask for the traits of a patient who is not here yet."""
    typed = "" if any(character.isdigit() for character in name) else name
    return _form_page(request, PatientForm(family_name=typed.strip(), then=then), {}, patient=None)


@router.post("/patients")
def create_patient(request: Request, subject: Creator, form: Annotated[PatientForm, Form()]) -> Response:
    """Make the patient; one who bears the number already is shown instead."""
    platform = platform_of(request)
    try:
        numbers = _numbers(form, platform)
        patient_id = register_patient(platform, subject, read_traits(form, platform), numbers)
    except InvalidInput as error:
        return _form_page(request, form, {error.field or "family_name": explain(error)}, patient=None)
    target = f"/orders/new?patient={patient_id}" if form.then == "order" else f"/patients/{patient_id}"
    return see_other(request, target, status=gettext("Patient saved"))


@router.get("/patients/{patient_id}")
def show_patient(request: Request, subject: Searcher, patient_id: UUID) -> Response:
    """Show one patient; written down."""
    platform = platform_of(request)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.SEARCH_PATIENTS, patient_id=patient_id)
        patient = get_patient(tx, patient_id)
        studies = list_studies_of_patient(tx, patient_id)
        reports = latest_versions(tx, [study.study_uid for study in studies])
        orders = list_orders(tx, subject, patient_id=patient_id).orders
        record(tx, subject.actor, "view_patient", patient_id=patient_id)
    return page(
        request,
        "patients/patient.html",
        patient=patient,
        studies=studies,
        reports=reports,
        orders=orders,
        may_edit=may_ever(subject, Action.EDIT_PATIENT),
        may_qualify=may_ever(subject, Action.QUALIFY_IDENTITY)
        and patient.identity_status in (IdentityStatus.PROVISIONAL, IdentityStatus.RETRIEVED),
        may_order=may_ever(subject, Action.CREATE_ORDER),
        may_view=may_ever(subject, Action.READ_FINAL_REPORT),
        order_words=order_words,
    )


@router.get("/patients/{patient_id}/edit")
def ask_for_traits(
    request: Request, subject: Annotated[Subject, Depends(requires(Action.EDIT_PATIENT))], patient_id: UUID
) -> Response:
    """Ask for corrected traits."""
    patient = _patient(platform_of(request), subject, patient_id)
    traits = patient.demographics
    form = PatientForm(
        family_name=traits.family_name,
        given_names=traits.given_names,
        birth_family_name=traits.birth_family_name,
        birth_first_name=traits.birth_first_name,
        birth_given_names=traits.birth_given_names,
        birth_date=traits.birth_date.isoformat() if traits.birth_date else "",
        birth_place_code=traits.birth_place_code,
        sex=traits.sex.value,
        version=patient.version,
    )
    return _form_page(request, form, {}, patient=patient)


@router.post("/patients/{patient_id}")
def change_traits(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.EDIT_PATIENT))],
    patient_id: UUID,
    form: Annotated[PatientForm, Form()],
) -> Response:
    """Correct the traits of a patient."""
    platform = platform_of(request)
    patient = _patient(platform, subject, patient_id)
    try:
        edit_traits(platform, subject, patient_id, version=form.version, demographics=read_traits(form, platform))
    except InvalidInput as error:
        return _form_page(request, form, {error.field or "family_name": explain(error)}, patient=patient)
    return see_other(request, f"/patients/{patient_id}", status=gettext("Patient saved"))


@router.post("/patients/{patient_id}/document")
def check_document(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.QUALIFY_IDENTITY))],
    patient_id: UUID,
    version: Annotated[int, Form()],
    document: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Say that an identity document was seen."""
    confirm_document(platform_of(request), subject, patient_id, version=version, document=document)
    return see_other(request, f"/patients/{patient_id}", status=gettext("Identity document recorded"))


@router.post("/patients/{patient_id}/settle")
def settle(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.EDIT_PATIENT))],
    patient_id: UUID,
    version: Annotated[int, Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Say that what disagreed was looked into."""
    settle_identity(platform_of(request), subject, patient_id, version=version, reason=reason)
    return see_other(request, f"/patients/{patient_id}", status=gettext("Identity settled"))


def read_traits(form: PatientForm, platform: Platform) -> Demographics:
    """Return the traits that were typed, or raise InvalidInput naming the field that is wrong."""
    for name in ("family_name", "given_names"):
        if not getattr(form, name).strip():
            raise InvalidInput("This trait is needed.", field=name, reason=f"{name}_missing")
    try:
        birth_date = date.fromisoformat(form.birth_date)
    except ValueError as error:
        raise InvalidInput("Give the birth date.", field="birth_date", reason="birth_date_missing") from error
    if birth_date > platform.clock.now().date():
        raise InvalidInput("The birth date lies in the future.", field="birth_date", reason="birth_date_in_future")
    if form.sex not in ("M", "F", "O"):
        raise InvalidInput("Give the sex.", field="sex", reason="sex_missing")
    return Demographics(
        family_name=form.family_name,
        given_names=form.given_names,
        birth_date=birth_date,
        sex=Sex(form.sex),
        birth_family_name=form.birth_family_name,
        birth_first_name=form.birth_first_name,
        birth_given_names=form.birth_given_names,
        birth_place_code=form.birth_place_code,
    )


def _numbers(form: PatientForm, platform: Platform) -> tuple[PatientIdentifier, ...]:
    if not form.identifier.strip():
        return ()
    return (PatientIdentifier(form.identifier, form.issuer.strip() or platform.settings.issuer),)


def _patient(platform: Platform, subject: Subject, patient_id: UUID) -> Patient:
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.EDIT_PATIENT, patient_id=patient_id)
        return get_patient(tx, patient_id)


def _form_page(request: Request, form: PatientForm, errors: dict[str, str], *, patient: Patient | None) -> Response:
    return page(
        request,
        "patients/form.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        form=form,
        errors=errors,
        patient=patient,
        order_words=order_words,
    )


def _after(text: str) -> tuple[str, UUID] | None:
    if not text:
        return None
    identifier, _, name = text.partition("_")
    try:
        return name, UUID(identifier)
    except ValueError as error:
        raise InvalidInput("This page does not exist.", field="after") from error
