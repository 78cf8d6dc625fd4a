"""Furnish the demonstration department: accounts, rooms, patients, orders, examinations of today and of before.

Everything goes through the use cases that real work goes through. What was done is found again, so that an interrupted
start goes on where it stopped.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from negatoscope.access import devices, users
from negatoscope.access.model import Action, Role, Subject, device_subject, system_subject
from negatoscope.access.sessions import login, logout, session_subject
from negatoscope.app.demonstration.cases import HISTORY, TODAY, Case
from negatoscope.app.demonstration.held_back import hold_back
from negatoscope.app.demonstration.modality import acquire, local_time
from negatoscope.app.demonstration.neighbours import make_neighbours
from negatoscope.app.demonstration.people import ACCOUNTS, ISSUER, PATIENT_LOGIN, PATIENTS, Account
from negatoscope.app.demonstration.record import MadeAccount, Record, read_record, write_record
from negatoscope.app.phantoms.objects import Examination, synthetic_object
from negatoscope.app.phantoms.recipes import render
from negatoscope.app.wiring import REACTIONS
from negatoscope.orders.accept import accept_order
from negatoscope.orders.model import OrderRequest, Physician, RequestedProcedure, Room, StepRequest
from negatoscope.orders.rooms import define_room
from negatoscope.orders.states import OrderState
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.patients.model import PatientId
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.drafts import open_draft, save_draft
from negatoscope.reporting.model import Assessment, Body
from negatoscope.reporting.signing import find_faults, sign

ROOMS = (
    Room(room_code="R1", name="Salle 1 (capteur plan)", modality="DX", station_ae_title="DX1", station_name="SALLE1"),
    Room(room_code="R2", name="Salle 2 (plaques)", modality="CR", station_ae_title="CR1", station_name="SALLE2"),
)
MODALITY_SERVICES = (
    Action.STORE_IMAGES,
    Action.QUERY_WORKLIST,
    Action.REPORT_PERFORMED_STEP,
    Action.QUERY_IMAGES,
    Action.RETRIEVE_IMAGES,
)
REQUESTER = next(account for account in ACCOUNTS if Role.REFERRER in account.roles)
RADIOLOGIST = next(account for account in ACCOUNTS if Role.RADIOLOGIST in account.roles)
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
DRAWN_AT_ONCE = 2
Progress = Callable[[int, int], None]
Pictures = tuple[NDArray[np.uint16], ...]


def furnish(platform: Platform, progress: Progress = lambda _done, _total: None) -> Record:
    """Make what is missing of the department and return what was made; nothing happens the second time."""
    record = read_record(platform.settings)
    if record is not None and record.complete:
        return record
    system = system_subject(platform.tenant, "demonstration")
    record = Record(accounts=_make_accounts(platform, system, record), complete=False)
    write_record(platform.settings, record)
    _make_rooms(platform, system)
    make_neighbours(platform, system)
    cases = (*HISTORY, *TODAY)
    with ThreadPoolExecutor(DRAWN_AT_ONCE) as pool:
        pictures = [pool.submit(_draw, platform, case) for case in cases]
        for number, (case, picture) in enumerate(zip(cases, pictures, strict=True)):
            progress(number, len(cases))
            _perform(platform, system, case, picture, f"DEMO-ORDER-{number + 1:03d}", record)
    hold_back(platform, system, _patient(platform, system, 0))
    progress(len(cases), len(cases))
    record = Record(accounts=record.accounts, complete=True)
    write_record(platform.settings, record)
    return record


def _make_accounts(platform: Platform, system: Subject, record: Record | None) -> tuple[MadeAccount, ...]:
    patient_id = _patient(platform, system, 0)
    patient = Account(
        PATIENT_LOGIN, "Jeanne Exemple-Marteau", frozenset({Role.PATIENT}), None, "her examinations and who looked"
    )
    known = {account.login: account for account in record.accounts} if record is not None else {}
    made = []
    for account in (*ACCOUNTS, patient):
        password = known[account.login].password if account.login in known else make_password()
        with platform.database.read(platform.tenant) as tx:
            found = users.find_user(tx, account.login)
        if found is None:
            users.create_user(
                platform,
                system,
                login=account.login,
                display_name=account.display_name,
                roles=account.roles,
                password=password,
                professional_identifier=account.professional_identifier,
                patient_id=patient_id if Role.PATIENT in account.roles else None,
                reason="account of the demonstration",
            )
        elif account.login not in known:
            users.set_password(platform, system, found.user_id, password, reason="account of the demonstration")
        role = min(account.roles).value
        made.append(MadeAccount(login=account.login, password=password, role=role, what_to_try=account.what_to_try))
    return tuple(made)


def make_password() -> str:
    """Return a password of four invented words, easy to type and hard to guess (about 49 bits)."""
    return "-".join(secrets.choice(SYLLABLES) + secrets.choice(SYLLABLES) for _ in range(4))


def _make_rooms(platform: Platform, system: Subject) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        for room in ROOMS:
            define_room(tx, system, room)
        known = {device.ae_title for device in devices.list_devices(tx, system)}
    for room in ROOMS:
        if room.station_ae_title not in known:
            devices.register_device(
                platform,
                system,
                ae_title=room.station_ae_title,
                description=room.name,
                addresses=["127.0.0.1", "::1"],
                services=MODALITY_SERVICES,
            )


def _patient(platform: Platform, system: Subject, number: int) -> PatientId:
    person = PATIENTS[number]
    with platform.database.transaction(platform.tenant) as tx:
        return PatientId(find_or_create_patient(tx, system, [person.identifier], person.demographics, source="demonstration"))


def _draw(platform: Platform, case: Case) -> Pictures:
    """Draw the radiographs of an examination in a process of their own, so that two examinations are drawn at once."""
    return tuple(platform.sandbox.run(render, recipe, case.seed, timeout_s=120) for recipe in case.recipes)


def _perform(platform: Platform, system: Subject, case: Case, pictures: Future[Pictures], number: str, record: Record) -> None:
    person = PATIENTS[case.patient]
    at = platform.clock.now() - case.ago
    order = accept_order(
        platform,
        system,
        OrderRequest(
            source="demonstration",
            procedure_code=case.procedure_code,
            identifiers=(person.identifier,),
            demographics=person.demographics,
            placer_order_number=number,
            placer_issuer=ISSUER,
            laterality=case.laterality,
            priority=case.priority,
            origin=case.origin,
            requesting_physician=Physician(
                family_name="Haddad", given_names="Samir", identifier=REQUESTER.professional_identifier or ""
            ),
            clinical_question=case.question,
            requested_at=at - timedelta(minutes=30),
            steps=(StepRequest(starts_at=at, station_ae_title="CR1" if case.procedure_code.startswith("HAND") else "DX1"),),
        ),
    )
    procedure = order.procedures[0]
    if case.recipes and order.state in {OrderState.ACCEPTED, OrderState.SCHEDULED}:
        _expose(platform, case, procedure, pictures)
        _digest(platform)
    if case.report is not None and order.state is not OrderState.REPORTED:
        _report(platform, procedure, case.report, record)


def _expose(platform: Platform, case: Case, procedure: RequestedProcedure, pictures: Future[Pictures]) -> None:
    person = PATIENTS[case.patient]
    step = procedure.steps[0]
    examination = Examination(
        patient_id=person.number,
        issuer=ISSUER,
        patient_name=f"{person.family_name}^{person.given_name}",
        birth_date=f"{person.birth_date:%Y%m%d}",
        sex=person.sex.value,
        study_uid=procedure.study_uid,
        accession_number=procedure.accession_number,
        description=procedure.description(platform.settings.language),
        performed_at=local_time(platform, platform.clock.now() - case.ago),
        requested_procedure_id=procedure.requested_procedure_id,
        scheduled_step_id=step.scheduled_step_id,
        referring_physician="HADDAD^Samir^^Dr",
        station_name=step.station_name,
    )
    drawn = zip(case.recipes, pictures.result(), strict=True)
    contents = [synthetic_object(recipe, pixels, examination, number=n) for n, (recipe, pixels) in enumerate(drawn, 1)]
    device = device_subject(platform.tenant, step.station_ae_title, "127.0.0.1")
    acquire(platform, device, procedure, examination, *contents)


def _digest(platform: Platform) -> None:
    """Let the reactions do what the worker would."""
    reactor = Reactor(platform, REACTIONS)
    while reactor.run_once(platform.tenant):
        pass


def _report(platform: Platform, procedure: RequestedProcedure, text: tuple[str, str], record: Record) -> None:
    password = next(account.password for account in record.accounts if account.login == RADIOLOGIST.login)
    signed_in = login(platform, login=RADIOLOGIST.login, password=password, address="127.0.0.1")
    radiologist = session_subject(platform, signed_in.token, address="127.0.0.1")
    draft = open_draft(platform, radiologist, procedure.study_uid)
    findings, conclusion = text
    body = Body(indication=draft.body.indication, assessment=Assessment.NORMAL, findings=findings, conclusion=conclusion)
    saved = save_draft(platform, radiologist, draft.report_id, draft.version, body)
    faults = find_faults(platform, radiologist, saved.report_id)
    sign(platform, radiologist, saved.report_id, saved.version, password, confirmed=frozenset(fault.name for fault in faults))
    logout(platform, signed_in.token, address="127.0.0.1")
    _digest(platform)
