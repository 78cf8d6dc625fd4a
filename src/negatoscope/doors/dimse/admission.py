"""Who may associate: the calling AE title and address against the known devices, the called AE title against ours."""

from __future__ import annotations

from negatoscope.access.devices import device_for
from negatoscope.access.model import Subject, device_subject
from negatoscope.audit.trail import record
from negatoscope.doors.dimse.negotiation import find_refusal
from negatoscope.doors.dimse.pdu import AssociateReject, AssociateRequest, Rejection
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

logger = get_logger()


def admit(platform: Platform, request: AssociateRequest, *, address: str) -> Subject | AssociateReject:
    """Return the device behind a request, or the refusal. A refusal of a stranger is audited.

    The calling AE title is judged first, so that a stranger learns nothing about which called AE titles exist.
    """
    refusal = find_refusal(request)
    if refusal is not None:
        return refusal
    try:
        with platform.database.read(platform.tenant) as tx:
            subject = device_for(tx, request.calling_ae_title, address, platform.settings.demonstration)
    except NegatoscopeError as error:
        logger.warning("dimse_admission_failed", reason=error.reason, address=address)
        return Rejection.TEMPORARY_CONGESTION
    if subject is None:
        _record_refusal(platform, request, address=address, reason="unknown_calling_ae_title")
        return Rejection.CALLING_AE_TITLE
    if request.called_ae_title != platform.settings.ae_title:
        _record_refusal(platform, request, address=address, reason="unknown_called_ae_title")
        return Rejection.CALLED_AE_TITLE
    return subject


def _record_refusal(platform: Platform, request: AssociateRequest, *, address: str, reason: str) -> None:
    logger.warning("dimse_association_refused", reason=reason, address=address, ae_title=request.calling_ae_title)
    stranger = device_subject(platform.tenant, request.calling_ae_title, address)
    try:
        with platform.database.transaction(platform.tenant) as tx:
            record(tx, stranger.actor, "associate", outcome="refused", reason=reason)
    except NegatoscopeError as error:
        logger.warning("dimse_refusal_not_audited", reason=error.reason, address=address)
