"""Take an order: find the patient, number it, plan its steps; the same order again is the same order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject, SubjectKind, system_subject
from negatoscope.access.relations import relate
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.uids import StudyUid, new_uid, parse_study_uid
from negatoscope.orders import planning_store, store
from negatoscope.orders.catalogue import SCHEME, Procedure, find_procedure
from negatoscope.orders.model import Moment, Order, OrderId, OrderRequest, StepRequest
from negatoscope.orders.moving import move_order, parties_of
from negatoscope.orders.redundancy import Candidate, OrderWarning, blocks, find_redundancies
from negatoscope.orders.rooms import choose_room, list_rooms
from negatoscope.orders.states import OrderEvent, OrderState, Party
from negatoscope.orders.tables import requested_procedures
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.patients.model import Demographics, PatientId
from negatoscope.patients.store import find_patient_ids, get_patient
from negatoscope.platform.errors import Conflict, InvalidInput
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

WITHDRAWN = frozenset({OrderState.CANCELLED, OrderState.REJECTED, OrderState.DISCONTINUED})
CARE_AFTER_ORDER = timedelta(days=90)
USUAL_DURATION_MIN = 15
PRODUCT = "Négatoscope"  # who accepts and books under the standing protocol


def accept_order(platform: Platform, subject: Subject, request: OrderRequest) -> Order:
    """Take an order in one transaction and return it.

    A placer number that is known returns the order it names; Conflict when that one is of another patient, asks for
    something else or was withdrawn, so that no order is ever acknowledged and lost.
    """
    with platform.database.transaction(platform.tenant) as tx:
        return accept(tx, platform, subject, request)


def accept(tx: Connection, platform: Platform, subject: Subject, request: OrderRequest) -> Order:
    """Take an order in the caller's transaction.

    It is accepted and booked under the department's protocol, unless a duplicate needs somebody's decision: then an
    order by message waits as `received`, and one typed at the desk is refused (Conflict, `duplicate_order`) until the
    reason to go on is given.
    """
    _authorise(tx, subject, request)
    if request.placer_order_number:
        store.lock_key(tx, "placer", request.placer_issuer, request.placer_order_number)
        known = store.find_order_by_placer(tx, request.placer_issuer, request.placer_order_number)
        if known is not None:
            return _same_order(tx, known, request)
    return _Acceptance(tx, platform, subject, request, platform.clock.now()).run()


def _authorise(tx: Connection, subject: Subject, request: OrderRequest) -> None:
    action = Action.CREATE_ORDER if subject.kind is SubjectKind.USER else Action.SEND_ORDER
    authorise(tx, subject, action, patient_id=request.patient_id, reason=request.override_reason or None)


def _same_order(tx: Connection, order_id: OrderId, request: OrderRequest) -> Order:
    order = store.get_order(tx, order_id)
    named = set(find_patient_ids(tx, request.identifiers).values())
    if named and order.patient_id not in named:
        raise Conflict("This order number belongs to an order of another patient.", reason="order_of_another_patient")
    if order.state in WITHDRAWN:
        raise Conflict("The order of this number was withdrawn: give the new one a new number.", reason="order_withdrawn")
    procedure = find_procedure(request.procedure_code, request.procedure_scheme)
    wanted = (procedure.code if procedure else request.procedure_code, request.laterality)
    if all((known.code, known.laterality) != wanted for known in order.procedures):
        raise Conflict("The order of this number asks for something else: send a change.", reason="order_known_otherwise")
    return order


@dataclass(slots=True)
class _Acceptance:
    """One order on its way in."""

    tx: Connection
    platform: Platform
    subject: Subject
    request: OrderRequest
    now: datetime

    def run(self) -> Order:
        patient_id = self._patient()
        procedure = find_procedure(self.request.procedure_code, self.request.procedure_scheme)
        warnings = self._warnings(patient_id, procedure)
        held = blocks(warnings, self.request.priority) and self._must_wait(patient_id)
        order_id = self._insert_order(patient_id, warnings)
        study_uid = self._insert_procedure(order_id, procedure)
        self._insert_steps(study_uid, procedure)
        self._announce(order_id, patient_id, study_uid)
        if not held:
            protocol = system_subject(self.platform.tenant, PRODUCT)
            for event in (OrderEvent.ACCEPT, OrderEvent.BOOK):
                move_order(self.tx, protocol, order_id, event, parties=(Party.SYSTEM,), at=self.now)
        self._relate_requester(order_id, patient_id)
        return store.get_order(self.tx, order_id)

    def _patient(self) -> PatientId:
        request = self.request
        if request.patient_id is not None:
            return get_patient(self.tx, request.patient_id).patient_id
        if not request.identifiers and request.demographics is None:
            raise InvalidInput("An order says for whom it is.", field="patient")
        return find_or_create_patient(
            self.tx,
            self.subject,
            request.identifiers,
            request.demographics or Demographics(),
            source=request.source,
            identity_status=request.identity_status,
            identity_flags=request.identity_flags,
            own_issuer=self.platform.settings.issuer,
        )

    def _warnings(self, patient_id: PatientId, procedure: Procedure | None) -> tuple[OrderWarning, ...]:
        request = self.request
        missing = procedure is not None and procedure.needs_laterality and request.laterality is None
        if missing and self.subject.kind is SubjectKind.USER:
            raise InvalidInput("Say which side is examined.", field="laterality", reason="laterality_missing")
        candidate = Candidate(
            code=procedure.code if procedure else request.procedure_code,
            body_region=procedure.body_region if procedure else "",
            laterality=request.laterality,
            priority=request.priority,
            origin=request.origin,
        )
        found = find_redundancies(candidate, store.list_past(self.tx, patient_id), self.now)
        return (*found, OrderWarning.LATERALITY_MISSING) if missing else found

    def _must_wait(self, patient_id: PatientId) -> bool:
        """Say whether a duplicate waits for a decision; at the desk the decision is asked for at once."""
        if self.subject.kind is not SubjectKind.USER:
            return True
        if not self.request.override_reason:
            raise Conflict("The same examination was ordered less than a day ago.", reason="duplicate_order")
        authorise(
            self.tx,
            self.subject,
            Action.OVERRIDE_REDUNDANCY_WARNING,
            patient_id=patient_id,
            reason=self.request.override_reason,
        )
        return False

    def _insert_order(self, patient_id: PatientId, warnings: tuple[OrderWarning, ...]) -> OrderId:
        request, physician = self.request, self.request.requesting_physician
        return store.insert_order(
            self.tx,
            {
                "patient_id": patient_id,
                "placer_order_number": request.placer_order_number,
                "placer_issuer": request.placer_issuer,
                "filler_order_number": f"F{store.next_number(self.tx):010d}",
                "priority": request.priority.value,
                "origin": request.origin.value,
                "requester_family_name": physician.family_name if physician else "",
                "requester_given_names": physician.given_names if physician else "",
                "requester_identifier": physician.identifier if physician else "",
                "requester_issuer": physician.issuer if physician else "",
                "clinical_question": request.clinical_question,
                "clinical_information": request.clinical_information,
                "comments": request.comments,
                "visit_number": request.visit_number,
                "patient_location": request.patient_location,
                "patient_transport": request.patient_transport,
                "patient_weight_kg": request.patient_weight_kg,
                "pregnancy": request.pregnancy.value,
                "requested_at": request.requested_at or self.now,
                "received_at": self.now,
                "source": request.source,
                "warnings": [warning.value for warning in warnings],
            },
        )

    def _insert_procedure(self, order_id: OrderId, procedure: Procedure | None) -> StudyUid:
        request, settings = self.request, self.platform.settings
        study_uid = parse_study_uid(request.study_uid) if request.study_uid else StudyUid(new_uid())
        issuer = request.accession_issuer or settings.issuer
        accession_number = request.accession_number or f"A{self.now:%y}{store.next_number(self.tx):08d}"
        store.lock_key(self.tx, "accession", issuer, accession_number)
        store.lock_key(self.tx, "study", study_uid)
        table = requested_procedures.c
        taken = store.find_procedures(
            self.tx,
            table.study_uid == study_uid,
            (table.accession_issuer == issuer) & (table.accession_number == accession_number),
        )
        if taken:
            raise Conflict(
                "This study or accession number belongs to another order.", reason="duplicate_key", field="accession_number"
            )
        meaning = request.procedure_meaning or request.procedure_code
        store.insert_procedure(
            self.tx,
            {
                "study_uid": study_uid,
                "order_id": order_id,
                "accession_issuer": issuer,
                "accession_number": accession_number,
                "requested_procedure_id": request.requested_procedure_id or f"RP{store.next_number(self.tx):08d}",
                "code": procedure.code if procedure else request.procedure_code,
                "code_scheme": SCHEME if procedure else request.procedure_scheme,
                "description_fr": procedure.french if procedure else meaning,
                "description_en": procedure.english if procedure else meaning,
                "modality": self._modality(procedure),
                "body_region": procedure.body_region if procedure else "",
                "laterality": request.laterality.value if request.laterality else None,
            },
        )
        return study_uid

    def _insert_steps(self, study_uid: StudyUid, procedure: Procedure | None) -> None:
        rooms = list_rooms(self.tx)
        seen: set[str] = set()
        for asked in self.request.steps or (StepRequest(),):
            room = choose_room(rooms, asked, self._modality(procedure))
            step_id = asked.scheduled_step_id
            if not step_id or step_id in seen:
                step_id = f"SPS{store.next_number(self.tx):08d}"
            seen.add(step_id)
            planned = replace(
                asked,
                scheduled_step_id=step_id,
                station_ae_title=asked.station_ae_title or (room.station_ae_title if room else ""),
                station_name=asked.station_name or (room.station_name if room else ""),
                location=room.name if room else asked.location,
                modality=asked.modality or (room.modality if room else self._modality(procedure)),
                protocol_code=asked.protocol_code or (procedure.code if procedure else self.request.procedure_code),
                protocol_scheme=asked.protocol_scheme or (SCHEME if procedure else self.request.procedure_scheme),
                protocol_meaning=asked.protocol_meaning or (procedure.french if procedure else self.request.procedure_meaning),
            )
            planning_store.insert_step(
                self.tx,
                study_uid,
                planned,
                starts_at=asked.starts_at or self.now,
                duration_min=procedure.duration_min if procedure else USUAL_DURATION_MIN,
                room=room,
            )

    def _modality(self, procedure: Procedure | None) -> str:
        asked = next((step.modality for step in self.request.steps if step.modality), "")
        return asked or (procedure.modality if procedure else "DX")

    def _announce(self, order_id: OrderId, patient_id: PatientId, study_uid: StudyUid) -> None:
        moment = Moment(
            at=self.now,
            what="order",
            event="receive",
            from_state="",
            to_state=OrderState.RECEIVED.value,
            party=next(iter(parties_of(self.subject)), Party.SYSTEM).value,
            actor_name=self.subject.display_name,
            reason=self.request.override_reason,
        )
        store.insert_moment(self.tx, order_id, moment)
        publish(
            self.tx, "order_received", subject=str(order_id), payload={"order_id": str(order_id), "study_uids": [study_uid]}
        )
        record(
            self.tx,
            self.subject.actor,
            "order_received",
            patient_id=patient_id,
            study_uid=study_uid,
            objects={"order_id": str(order_id), "source": self.request.source},
            reason=self.request.override_reason or None,
        )

    def _relate_requester(self, order_id: OrderId, patient_id: PatientId) -> None:
        physician = self.request.requesting_physician
        if physician is None or not physician.identifier:
            return
        user_id = store.find_user_by_professional_identifier(self.tx, physician.identifier)
        if user_id is not None:
            relate(self.tx, user_id, patient_id, source=f"order:{order_id}", until=self.now + CARE_AFTER_ORDER)
