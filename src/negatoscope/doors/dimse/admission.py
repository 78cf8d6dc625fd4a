"""Who may associate, and stay: AE title, address, certificate against the known devices, the person at it where asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from negatoscope.access.device_users import with_person
from negatoscope.access.devices import Caller, Stranger, identify_caller
from negatoscope.access.model import Subject, device_subject
from negatoscope.audit.trail import record
from negatoscope.doors.dimse.negotiation import find_refusal
from negatoscope.doors.dimse.pdu import AssociateReject, AssociateRequest, Rejection, UserIdentity
from negatoscope.platform.errors import NegatoscopeError, Unauthenticated
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

logger = get_logger()

USERNAME_AND_PASSCODE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Who associates; `user_is_confirmed` tells that the person named in the request was checked and is right.

    `caller` and `certificate_sha256` are what the device was known by, to be judged again.
    """

    subject: Subject
    user_is_confirmed: bool
    caller: Caller
    certificate_sha256: str | None


def admit(
    platform: Platform, request: AssociateRequest, *, address: str, certificate_sha256: str | None = None
) -> Admitted | AssociateReject:
    """Return the device behind a request, or the refusal. A refusal of a stranger is audited.

    The calling AE title is judged first, so that a stranger learns nothing about which called AE titles exist.
    """
    refusal = find_refusal(request)
    if refusal is not None:
        return refusal
    demonstration = platform.settings.demonstration
    try:
        with platform.database.read(platform.tenant) as tx:
            caller = identify_caller(
                tx, request.calling_ae_title, address, demonstration, certificate_sha256=certificate_sha256
            )
        if isinstance(caller, Stranger):
            _record_refusal(platform, request, address=address, reason=caller.value)
            return Rejection.CALLING_AE_TITLE
        if request.called_ae_title != platform.settings.ae_title:
            _record_refusal(platform, request, address=address, reason="unknown_called_ae_title")
            return Rejection.CALLED_AE_TITLE
        subject, user_is_confirmed = _admit_person(platform, request, caller)
        return Admitted(
            subject=subject, user_is_confirmed=user_is_confirmed, caller=caller, certificate_sha256=certificate_sha256
        )
    except Unauthenticated as error:
        _record_refusal(platform, request, address=address, reason=error.reason)
        return Rejection.NO_REASON
    except NegatoscopeError as error:
        logger.warning("dimse_admission_failed", reason=error.reason, address=address)
        return Rejection.TEMPORARY_CONGESTION


def find_revoked(platform: Platform, admitted: Iterable[Admitted]) -> frozenset[Admitted]:
    """Return those whose device would not be let in as it was: disabled, of another certificate, address or services."""
    revoked: dict[Admitted, str] = {}
    with platform.database.read(platform.tenant) as tx:
        for entry in frozenset(admitted):
            caller = identify_caller(
                tx,
                entry.caller.subject.ae_title or "",
                entry.caller.subject.address or "",
                platform.settings.demonstration,
                certificate_sha256=entry.certificate_sha256,
            )
            if caller != entry.caller:
                revoked[entry] = caller.value if isinstance(caller, Stranger) else "device_changed"
    if revoked:
        with platform.database.transaction(platform.tenant) as tx:
            for entry, reason in revoked.items():
                record(tx, entry.subject.actor, "associate", outcome="refused", reason=reason)
    return frozenset(revoked)


def _admit_person(platform: Platform, request: AssociateRequest, caller: Caller) -> tuple[Subject, bool]:
    """Return who associates and whether a person was checked: where the device must name one, or wants to hear of it.

    Unauthenticated where that person is missing or not right.
    """
    identity = request.user_information.user_identity
    has_proof = identity is not None and identity.kind == USERNAME_AND_PASSCODE
    if identity is None or not has_proof:
        if caller.asks_user:
            raise Unauthenticated("The device must name a user with a password.", reason="user_not_named")
        return caller.subject, False
    if not caller.asks_user and not identity.response_requested:
        return caller.subject, False
    login, password = _texts(identity)
    return with_person(platform, caller.subject, login=login, password=password), True


def _texts(identity: UserIdentity) -> tuple[str, str]:
    return identity.primary.decode("utf-8", "replace").strip(), identity.secondary.decode("utf-8", "replace")


def _record_refusal(platform: Platform, request: AssociateRequest, *, address: str, reason: str) -> None:
    logger.warning("dimse_association_refused", reason=reason, address=address, ae_title=request.calling_ae_title)
    stranger = device_subject(platform.tenant, request.calling_ae_title, address)
    try:
        with platform.database.transaction(platform.tenant) as tx:
            record(tx, stranger.actor, "associate", outcome="refused", reason=reason)
    except NegatoscopeError as error:
        logger.warning("dimse_refusal_not_audited", reason=error.reason, address=address)


def record_forgery(platform: Platform, subject: Subject) -> None:
    """Write into the trail that a device sent a report that none may send us."""
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, subject.actor, "associate", outcome="refused", reason="unexpected_report")
