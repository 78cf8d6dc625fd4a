"""Open a share link: token and code together give a session limited to the one study."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from negatoscope.access import throttle
from negatoscope.access.model import AuthLevel, SubjectKind
from negatoscope.access.opaque_tokens import hash_secret
from negatoscope.access.relations import objects_to_sharing
from negatoscope.access.sessions import start_share_session
from negatoscope.audit.model import Actor
from negatoscope.audit.trail import record
from negatoscope.platform.errors import NegatoscopeError, Unauthenticated
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from negatoscope.sharing import store
from negatoscope.sharing.links import is_suspended
from negatoscope.sharing.model import (
    MOST_WRONG_CODES,
    SCOPE_ACTIONS,
    SESSION,
    RecipientKind,
    Share,
    ShareEvent,
    ShareState,
    hash_code,
    next_state,
    normal_code,
)

SENTENCES = {
    ShareState.EXPIRED: "This link has expired.",
    ShareState.REVOKED: "This link was withdrawn.",
    ShareState.EXHAUSTED: "This link was opened as often as it may be.",
    ShareState.LOCKED: "This link is locked.",
    ShareState.SUSPENDED: "This link is suspended.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedShare:
    """An opened link: the token of the session and the share."""

    session_token: str
    share: Share


def open_share(platform: Platform, *, token: str, code: str, address: str | None) -> OpenedShare:
    """Check token and code, count the opening and start a session; raise Unauthenticated otherwise.

    An unknown token and a wrong code are answered alike. Only who has both learns why a link opens no longer. The fifth
    wrong code locks the link for good, whatever address it comes from.
    """
    counted = throttle.count_attempt(platform, account=f"share:{token}", address=address)
    with platform.database.transaction(platform.tenant) as tx:
        opened = _try(tx, platform, token, normal_code(code), address)
    if isinstance(opened, NegatoscopeError):
        raise opened
    throttle.forgive(platform, counted)
    return opened


def _try(tx: Connection, platform: Platform, token: str, code: str, address: str | None) -> OpenedShare | Unauthenticated:
    """Return the opened share or the refusal; what a refusal counts is committed, so it is returned and not raised."""
    refusal = Unauthenticated("The link or the code is not right.", reason="share_not_good")
    found = store.find_share_by_token(tx, hash_secret(token))
    if found is None:
        return refusal
    share, code_sha256 = found
    now = platform.clock.now()
    state = share.state_at(now, suspended=_is_withheld(tx, share))
    if not hmac.compare_digest(hash_code(token, code), code_sha256):
        _count_wrong_code(tx, share, state, address)
        return refusal
    if state is not ShareState.ACTIVE:
        record(
            tx, _holder(share, address), "open_share", outcome="refused", patient_id=share.patient_id,
            study_uid=share.study_uid, objects={"share": str(share.share_id), "state": state.value},
        )  # fmt: skip
        return Unauthenticated(SENTENCES[state], reason=f"share_{state.value}")
    return _open(tx, share, now, address)


def _open(tx: Connection, share: Share, now: datetime, address: str | None) -> OpenedShare:
    last = share.opens + 1 >= share.most_opens
    state = next_state(share.state, ShareEvent.OPEN_LAST if last else ShareEvent.OPEN)
    store.update_share(tx, share.share_id, state=state.value, opens=share.opens + 1, wrong_codes=0, last_opened_at=now)
    token = start_share_session(
        tx,
        share_id=share.share_id,
        holder_name=share.recipient_name,
        study_uids=frozenset({share.study_uid}),
        limited_to=SCOPE_ACTIONS[share.scope],
        shared_patient_id=share.patient_id,
        holder_is_patient=share.recipient_kind is RecipientKind.PATIENT,
        now=now,
        until=min(now + SESSION, share.expires_at),
        address=address,
    )
    record(
        tx, _holder(share, address), "open_share", patient_id=share.patient_id, study_uid=share.study_uid,
        objects={"share": str(share.share_id), "opening": share.opens + 1},
    )  # fmt: skip
    publish(tx, "share_opened", subject=str(share.share_id), payload={"study_uid": share.study_uid})
    return OpenedShare(session_token=token, share=share)


def _count_wrong_code(tx: Connection, share: Share, state: ShareState, address: str | None) -> None:
    record(
        tx, _holder(share, address), "share_code_refused", outcome="refused", patient_id=share.patient_id,
        study_uid=share.study_uid, objects={"share": str(share.share_id), "wrong_codes": share.wrong_codes + 1},
    )  # fmt: skip
    if state not in {ShareState.ACTIVE, ShareState.SUSPENDED}:
        return
    last = share.wrong_codes + 1 >= MOST_WRONG_CODES
    after = next_state(share.state, ShareEvent.LAST_WRONG_CODE if last else ShareEvent.WRONG_CODE)
    store.update_share(tx, share.share_id, state=after.value, wrong_codes=share.wrong_codes + 1)
    if last:
        publish(tx, "share_locked", subject=str(share.share_id), payload={"study_uid": share.study_uid})


def _is_withheld(tx: Connection, share: Share) -> bool:
    third_party = share.recipient_kind is not RecipientKind.PATIENT
    return is_suspended(tx, share) or (third_party and objects_to_sharing(tx, share.patient_id))


def _holder(share: Share, address: str | None) -> Actor:
    return Actor(
        kind=SubjectKind.SHARE.value,
        user_id=None,
        name=share.recipient_name,
        roles=(),
        auth_level=AuthLevel.SHARE_CODE.value,
        address=address,
    )
