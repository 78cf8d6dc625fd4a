"""Take a message that came in, do what it orders, keep it, and answer: the answer is given after the commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.devices import device_for, is_known_address
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.exchange import store
from negatoscope.exchange.model import ReceivedMessage
from negatoscope.exchange.order_translation import Control, Instruction, translate
from negatoscope.exchange.sealing import seal, unseal
from negatoscope.formats.hl7v2.acknowledgement import AckCode, Fault, acknowledge, read_acknowledgement
from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.message import Message
from negatoscope.formats.hl7v2.order_message import Envelope
from negatoscope.formats.hl7v2.parse_order import parse_order, read_envelope
from negatoscope.formats.hl7v2.parser import parse
from negatoscope.formats.hl7v2.writer import write
from negatoscope.orders.accept import accept
from negatoscope.orders.change import NO_REASON_GIVEN, Withdrawal, change, discontinue, find_placed_order, hold, withdraw
from negatoscope.platform.errors import (
    Conflict,
    Forbidden,
    InvalidTransition,
    NegatoscopeError,
    NotFound,
    OutOfResources,
    Unavailable,
)
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

APPLICATION = "NEGATOSCOPE"
TRIALS = frozenset({"T", "D"})  # table 0103: training, debugging
LONGEST_KEY = 199  # MSH-10 has 199 characters in the longest of the versions
UNKNOWN = Envelope(
    sending_application="",
    sending_facility="",
    receiving_application="",
    receiving_facility="",
    sent_at="",
    message_code="",
    trigger_event="",
    control_id="",
    processing_id="P",
    version="2.5",
    charset="utf-8",
    profile="",
)
TOO_LATE = Fault(
    Condition.APPLICATION_INTERNAL_ERROR, "The examination has begun or is done: the order was not cancelled.", "ORC^1^1"
)


@dataclass(slots=True)
class _Reception:
    """One message on its way through."""

    platform: Platform
    content: bytes
    address: str
    message: Message | None = None
    envelope: Envelope = UNKNOWN
    order_ids: tuple[UUID, ...] = ()

    @property
    def sender(self) -> str:
        return f"{self.envelope.sending_application}|{self.envelope.sending_facility}"[:LONGEST_KEY]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def receive_message(platform: Platform, content: bytes, *, address: str) -> bytes:
    """Do what a message orders and return the answer to send.

    AA: done and committed. AE: the message is wrong, or says what cannot be done; nothing changed, and it is kept. AR: it
    is not for us, or we cannot work just now (then it is not kept, and may be sent again). The same message accepted
    before is answered with the same bytes and has no second effect; a refused one is looked at again. Nothing is kept of
    what an unknown sender sends.
    """
    reception = _Reception(platform, content, address)
    try:
        reception.message = parse(content)
        reception.envelope = read_envelope(reception.message)
        return _work(reception)
    except MessageError as error:
        code = AckCode.REJECT if error.condition.is_rejection else AckCode.ERROR
        return _refuse(reception, code, Fault(error.condition, str(error), error.location))
    except (Unavailable, OutOfResources) as error:
        get_logger().warning("message_not_taken", reason=error.reason)
        return _unkept(reception, Fault(Condition.APPLICATION_INTERNAL_ERROR, str(error)))
    except Forbidden as error:
        return _refuse(reception, AckCode.REJECT, Fault(Condition.APPLICATION_INTERNAL_ERROR, str(error)))
    except NegatoscopeError as error:
        return _refuse(reception, AckCode.ERROR, Fault(_condition(error), str(error), _location(error)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """One page of messages received, newest first."""

    messages: tuple[ReceivedMessage, ...]
    next_after: tuple[datetime, UUID] | None


def list_messages(
    tx: Connection,
    subject: Subject,
    *,
    codes: frozenset[str] = frozenset(),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> MessagePage:
    """Return how messages were answered to those who look after them; what they say stays sealed."""
    authorise(tx, subject, Action.REPLAY_MESSAGES)
    found = store.list_messages(tx, codes=codes, after=after, limit=limit + 1)
    page = tuple(found[:limit])
    more = len(found) > limit
    return MessagePage(messages=page, next_after=(page[-1].received_at, page[-1].message_id) if more else None)


def replay_message(platform: Platform, subject: Subject, message_id: UUID) -> str:
    """Take up a message that was refused, as if it had just come from its sender; return the code of the answer."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.REPLAY_MESSAGES)
        message, sealed = store.get_message(tx, message_id)
        if message.code == AckCode.ACCEPT:
            raise InvalidTransition("This message was accepted: it has no second effect.")
        record(tx, subject.actor, "message_replayed", objects={"message_id": str(message_id)})
    answer = receive_message(platform, unseal(platform, message_id, sealed), address=message.address)
    return read_acknowledgement(parse(answer)).code


def fail_message(platform: Platform, content: bytes) -> bytes:
    """Return the answer to a message on which we failed ourselves: AR, so that it is sent again."""
    reception = _Reception(platform, content, "")
    try:
        reception.message = parse(content)
        reception.envelope = read_envelope(reception.message)
    except MessageError:
        pass
    return _unkept(reception, Fault(Condition.APPLICATION_INTERNAL_ERROR, "Something went wrong on our side; send it again."))


def _work(reception: _Reception) -> bytes:
    platform, message, envelope = reception.platform, reception.message, reception.envelope
    if message is None:
        raise ValueError("the message was not parsed")
    if envelope.processing_id in TRIALS and not platform.settings.demonstration:
        sentence = "Messages of tests are taken in a demonstration department alone."
        raise MessageError(sentence, Condition.UNSUPPORTED_PROCESSING_ID, "MSH^1^11")
    order_message = parse_order(message, ZoneInfo(platform.settings.time_zone))
    instructions = translate(order_message, own_issuer=platform.settings.issuer)
    with platform.database.transaction(platform.tenant) as tx:
        store.lock_message(tx, reception.sender, envelope.control_id)
        known = store.find_message(tx, reception.sender, envelope.control_id, reception.sha256)
        if known is not None and known.code == AckCode.ACCEPT:
            store.count_repetition(tx, known.message_id)
            return known.answer
        subject = _sender_of(tx, reception)
        fault = None
        for instruction in instructions:
            order_id, refusal = _obey(tx, platform, subject, instruction)
            reception.order_ids += (order_id,)
            fault = fault or refusal
        return _keep(tx, reception, AckCode.ACCEPT if fault is None else AckCode.ERROR, fault)


def _sender_of(tx: Connection, reception: _Reception) -> Subject:
    subject = _find_sender(tx, reception)
    if subject is None:
        raise Forbidden("This sending application is not known here, or not at this address.", reason="unknown_sender")
    return subject


def _find_sender(tx: Connection, reception: _Reception) -> Subject | None:
    demonstration = reception.platform.settings.demonstration
    return device_for(tx, reception.envelope.sending_application, reception.address, demonstration)


def _is_from_known_sender(tx: Connection, reception: _Reception) -> bool:
    """Say whether the sender is known; of one whose message cannot be read, whether anybody may send orders from there."""
    if reception.envelope is not UNKNOWN:
        return _find_sender(tx, reception) is not None
    return is_known_address(tx, reception.address, Action.SEND_ORDER, reception.platform.settings.demonstration)


def _obey(tx: Connection, platform: Platform, subject: Subject, instruction: Instruction) -> tuple[UUID, Fault | None]:
    """Carry out one instruction; a wish that comes too late is filed for a person, and the sender is told."""
    request, reason = instruction.request, instruction.reason or NO_REASON_GIVEN
    if instruction.control is Control.NEW:
        return accept(tx, platform, subject, request).order_id, None
    order = find_placed_order(tx, request)
    match instruction.control:
        case Control.CHANGE:
            change(tx, platform, subject, order, request)
        case Control.HOLD | Control.RELEASE:
            hold(tx, platform, subject, order, released=instruction.control is Control.RELEASE, reason=instruction.reason)
        case _:
            end = withdraw if instruction.control is Control.CANCEL else discontinue
            if end(tx, platform, subject, order, reason=reason) is Withdrawal.TOO_LATE:
                return order.order_id, TOO_LATE
    return order.order_id, None


def _refuse(reception: _Reception, code: AckCode, fault: Fault) -> bytes:
    """Keep a message that had no effect, with its refusal; of a stranger's nothing stays but a line in the log."""
    platform = reception.platform
    try:
        with platform.database.transaction(platform.tenant) as tx:
            if not _is_from_known_sender(tx, reception):
                get_logger().warning("message_not_kept", reason="unknown_sender", size=len(reception.content))
                return _unkept(reception, fault)
            store.lock_message(tx, reception.sender, reception.envelope.control_id)
            reception.order_ids = ()
            return _keep(tx, reception, code, fault)
    except (Unavailable, OutOfResources) as error:
        get_logger().warning("message_not_kept", reason=error.reason)
        return _unkept(reception, fault)


def _keep(tx: Connection, reception: _Reception, code: AckCode, fault: Fault | None) -> bytes:
    platform, envelope, message_id = reception.platform, reception.envelope, uuid4()
    now = platform.clock.now()
    answer = write(acknowledge(envelope, code, control_id=message_id.hex[:20], at=now, application=APPLICATION, fault=fault))
    kept = ReceivedMessage(
        message_id=message_id,
        sender=reception.sender,
        control_id=envelope.control_id[:LONGEST_KEY],
        message_type=f"{envelope.message_code}^{envelope.trigger_event}"[:20],
        address=reception.address,
        received_at=now,
        attempts=1,
        code=code.value,
        condition=fault.condition.code if fault else "",
        location=(fault.location or "") if fault else "",
        sentence=fault.sentence if fault else "",
        answer=answer,
        order_ids=reception.order_ids,
        size=len(reception.content),
    )
    store.save_message(tx, kept, reception.sha256, seal(platform, message_id, reception.content))
    get_logger().info("message_received", status=code.value, reason=kept.condition, size=kept.size)
    return answer


def _unkept(reception: _Reception, fault: Fault) -> bytes:
    at = reception.platform.clock.now()
    control_id = uuid4().hex[:20]
    return write(
        acknowledge(reception.envelope, AckCode.REJECT, control_id=control_id, at=at, application=APPLICATION, fault=fault)
    )


def _condition(error: NegatoscopeError) -> Condition:
    if isinstance(error, NotFound):
        return Condition.UNKNOWN_KEY_IDENTIFIER
    if isinstance(error, Conflict):
        return Condition.DUPLICATE_KEY_IDENTIFIER
    if isinstance(error, InvalidTransition):
        return Condition.APPLICATION_INTERNAL_ERROR
    return Condition.DATA_TYPE_ERROR


_FIELD_LOCATIONS = {
    "accession_number": "IPC^1^1",
    "requested_procedure_id": "IPC^1^2",
    "study_instance_uid": "IPC^1^3",
    "scheduled_step_id": "IPC^1^4",
    "station_ae_title": "IPC^1^9",
    "identifier": "PID^1^3",
    "family_name": "PID^1^5",
    "given_names": "PID^1^5",
    "procedure_code": "OBR^1^4",
    "clinical_question": "OBR^1^31",
    "clinical_information": "OBR^1^13",
    "comments": "NTE^1^3",
}


def _location(error: NegatoscopeError) -> str | None:
    return _FIELD_LOCATIONS.get(error.field or "")
