"""Orders, rooms, patients and deliveries in words: what the machines say by one word each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from negatoscope.doors.web.language import N_, current_language, gettext
from negatoscope.exchange.model import Delivery
from negatoscope.orders.catalogue import PROCEDURES, REGION_NAMES
from negatoscope.orders.model import Laterality, Origin, Pregnancy, Priority
from negatoscope.orders.redundancy import OrderWarning
from negatoscope.orders.states import StepEvent
from negatoscope.platform.errors import NegatoscopeError

SIDES: Final[Mapping[str, str]] = MappingProxyType({
    Laterality.RIGHT: N_("right"), Laterality.LEFT: N_("left"), Laterality.BOTH: N_("both sides"),
})  # fmt: skip
PRIORITIES: Final[Mapping[str, str]] = MappingProxyType({
    Priority.ROUTINE: N_("Routine"), Priority.URGENT: N_("Urgent"), Priority.STAT: N_("Immediate"),
})  # fmt: skip
ORIGINS: Final[Mapping[str, str]] = MappingProxyType({
    Origin.OUTPATIENT: N_("Outpatient"),
    Origin.INPATIENT: N_("Ward"),
    Origin.EMERGENCY: N_("Emergency department"),
    Origin.INTENSIVE_CARE: N_("Intensive care"),
})  # fmt: skip
PREGNANCIES: Final[Mapping[str, str]] = MappingProxyType({
    Pregnancy.UNKNOWN: N_("Not asked"),
    Pregnancy.NOT_PREGNANT: N_("Not pregnant"),
    Pregnancy.POSSIBLE: N_("Possibly pregnant"),
    Pregnancy.PREGNANT: N_("Pregnant"),
})  # fmt: skip
WARNINGS: Final[Mapping[str, str]] = MappingProxyType({
    OrderWarning.DUPLICATE_ORDER: N_("The same examination was ordered for this patient less than a day ago."),
    OrderWarning.SAME_EXAMINATION_DONE: N_("The same examination was done recently: look at its images first."),
    OrderWarning.LATERALITY_MISSING: N_("The order does not say which side is to be examined."),
})  # fmt: skip
EXCEPTIONS: Final[Mapping[str, str]] = MappingProxyType({
    "identity_conflict": N_("Images came for this order under another patient; they were not attached."),
    "cancel_after_acquisition": N_("The requester cancelled after the images were made; the order stands."),
    "images_for_ended_order": N_("Images came after this order had ended."),
    "unscheduled_performed_step": N_("A modality reported a step that nobody planned."),
    "performed_step_of_another_patient": N_("A modality reported a step of an order under another patient; it was not started."),
    "wrong_worklist_entry": N_("A modality broke off: the wrong entry of the worklist had been chosen."),
})  # fmt: skip
MOMENTS: Final[Mapping[str, str]] = MappingProxyType({
    "receive": N_("Order received"),
    "accept": N_("Order accepted"),
    "refuse": N_("Order refused"),
    "book": N_("Scheduled"),
    "change": N_("Changed"),
    "hold": N_("Put on hold"),
    "release": N_("Let go on"),
    "cancel": N_("Cancelled"),
    "start": N_("Started"),
    "discontinue": N_("Discontinued"),
    "complete": N_("Completed"),
    "report_signed": N_("Report signed"),
    "check_in": N_("Patient arrived"),
    "make_ready": N_("Patient ready"),
    "redo": N_("To be done again"),
})  # fmt: skip
STEP_ACTIONS: Final[Mapping[str, str]] = MappingProxyType({
    StepEvent.CHECK_IN: N_("Arrived"),
    StepEvent.MAKE_READY: N_("Ready"),
    StepEvent.START: N_("Start"),
    StepEvent.COMPLETE: N_("Complete"),
})  # fmt: skip
SOURCES: Final[Mapping[str, str]] = MappingProxyType({
    "desk": N_("the desk"),
    "hl7": N_("an HL7 message"),
    "dicom": N_("an image"),
    "demonstration": N_("the demonstration"),
})  # fmt: skip
DISCREPANCIES: Final[Mapping[str, str]] = MappingProxyType({
    "traits_differ": N_("The same number came with other traits."),
    "identifiers_name_two_patients": N_("One message bore the numbers of two patients."),
    "study_names_another_patient": N_("Images ordered for one patient came under another."),
    "identifier_of_another_person": N_("Images of one person came under the number of another."),
})  # fmt: skip
TRAITS: Final[Mapping[str, str]] = MappingProxyType({
    "family_name": N_("family name"), "given_names": N_("given names"), "birth_date": N_("birth date"), "sex": N_("sex"),
})  # fmt: skip
DOCUMENTS: Final[Mapping[str, str]] = MappingProxyType({
    "identity_card": N_("Identity card"),
    "passport": N_("Passport"),
    "residence_permit": N_("Residence permit"),
    "family_record_book": N_("Family record book"),
})  # fmt: skip
DELIVERY_REASONS: Final[Mapping[str, str]] = MappingProxyType({
    "receiver_unreachable": N_("nobody listens at this address"),
    "receiver_closed": N_("the receiver closed without an answer"),
    "receiver_silent": N_("the receiver does not answer"),
    "receiver_broke_off": N_("the connection broke"),
    "answer_unreadable": N_("the answer was no acknowledgement"),
    "identity_changed": N_("the study is another patient's since the report was signed"),
    "superseded": N_("a later version of the report takes its place"),
})  # fmt: skip
SENTENCES: Final[Mapping[str, str]] = MappingProxyType({
    "laterality_missing": N_("Say which side is examined."),
    "duplicate_order": N_("The same examination was ordered for this patient less than a day ago."),
    "reason_missing": N_("Give a reason."),
    "needs_reason": N_("State a reason of at least ten characters."),
    "stale_version": N_("Somebody else changed this first: reload and look again."),
    "search_too_short": N_("Type at least two letters of the name."),
    "no_such_date": N_("This date does not exist."),
    "procedure_missing": N_("Choose a procedure."),
    "question_missing": N_("Say what the examination is to answer."),
    "requester_missing": N_("Name the requesting physician."),
    "time_malformed": N_("Give the day and the time."),
    "family_name_missing": N_("Give the family name."),
    "given_names_missing": N_("Give the given name."),
    "birth_date_missing": N_("Give the birth date."),
    "birth_date_in_future": N_("The birth date lies in the future."),
    "sex_missing": N_("Give the sex."),
})  # fmt: skip


MESSAGE_SENTENCES: Final[frozenset[str]] = frozenset({
    N_("Messages of tests are taken in a demonstration department alone."),
    N_("The message does not start with MSH."),
    N_("The message is larger than 5 MB."),
    N_("MSH-1 and MSH-2 do not declare usable separators."),
    N_("MSH-18 declares a character set that is not read here."),
    N_("The message is not written in the character set that MSH-18 declares."),
    N_("A line does not start with a segment name."),
    N_("MSH-10 is required and empty."),
    N_("This type of message is not taken here."),
    N_("This trigger event is not taken here."),
    N_("This processing identifier is unknown."),
    N_("This version of HL7 is not taken here."),
    N_("PID-3 holds no identifier."),
    N_("PID-3 holds no identifier of an institution."),
    N_("PID-5 holds no name."),
    N_("ORC-2 is required and empty."),
    N_("This order control is not taken here."),
    N_("No order has this number."),
    N_("This order number belongs to an order of another patient."),
    N_("This study or accession number belongs to another order."),
    N_("This is not possible in the present state."),
    N_("The examination has begun or is done: the order was not cancelled."),
    N_("This sending application is not known here, or not at this address."),
    N_("A date or time is malformed."),
    N_("This identifier has at most 16 characters and no backslash."),
    N_("A unique identifier does not follow the DICOM grammar."),
})  # fmt: skip
"""What a refused message is told, known to the translators; the log shows it in the language of the page."""


def explain(error: NegatoscopeError) -> str:
    """Return what a screen says of a refusal, in the reader's language."""
    return gettext(SENTENCES[error.reason]) if error.reason in SENTENCES else gettext(str(error))


def words(table: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the options of a field from a table of words."""
    return [(str(value), gettext(word)) for value, word in table.items()]


def word(table: Mapping[str, str], value: str) -> str:
    """Return one word of a table; the machine's own where there is none."""
    return gettext(table[value]) if value in table else value


def delivery_reason(delivery: Delivery) -> str:
    """Return why a delivery has not arrived: in our words, or in those of the receiver."""
    return word(DELIVERY_REASONS, delivery.last_reason)


def procedure_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the catalogue by region, labels in the language of the page, in alphabetical order."""
    english = current_language() == "en"
    groups = []
    for region, names in REGION_NAMES.items():
        lines = [row for row in PROCEDURES.values() if row.body_region == region]
        labels = sorted(((row.code, row.english if english else row.french) for row in lines), key=lambda pair: pair[1])
        groups.append((names[1] if english else names[0], labels))
    return groups
