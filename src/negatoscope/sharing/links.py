"""Make, list and withdraw share links."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Subject
from negatoscope.access.opaque_tokens import hash_secret, make_secret
from negatoscope.access.policy import HIDDEN_STATES
from negatoscope.access.relations import objects_to_sharing
from negatoscope.access.sessions import end_share_sessions
from negatoscope.archive.studies import get_study, list_studies
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Forbidden, NotFound, Refused
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from negatoscope.sharing import store
from negatoscope.sharing.model import (
    CODE_DIGITS,
    RecipientKind,
    Share,
    ShareEvent,
    ShareRequest,
    ShareState,
    hash_code,
    next_state,
)
from negatoscope.sharing.tables import shares


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedShare:
    """A new link with its two secrets, shown this once: the token goes into the link, the code another way."""

    share: Share
    token: str
    code: str

    def link(self, public_url: str) -> str:
        """Return the address to send. The token stands in the fragment, which browsers never send to a server."""
        return f"{public_url.rstrip('/')}/s#{self.token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePage:
    """Some shares, the newest first, and the key to ask for the next ones with (None at the end)."""

    shares: tuple[Share, ...]
    next_after: tuple[datetime, UUID] | None


def create_share(platform: Platform, subject: Subject, request: ShareRequest) -> CreatedShare:
    """Make a link to one study for one person; refused where the patient objects to sharing."""
    if subject.user_id is None:
        raise Forbidden("Only a person shares.")
    token, code = make_secret(), _make_code()
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, request.study_uid)
        authorise(
            tx,
            subject,
            Action.CREATE_SHARE,
            patient_id=study.patient_id,
            study_uid=study.study_uid,
            resource_state=study.state.value,
        )
        if request.recipient_kind is not RecipientKind.PATIENT and objects_to_sharing(tx, study.patient_id):
            raise Refused("The patient objects to sharing.", reason="opposed")
        now = platform.clock.now()
        share = Share(
            share_id=uuid4(),
            study_uid=study.study_uid,
            patient_id=study.patient_id,
            recipient_name=request.recipient_name,
            recipient_kind=request.recipient_kind,
            scope=request.scope,
            state=ShareState.ACTIVE,
            created_by=subject.user_id,
            created_by_name=subject.display_name,
            created_at=now,
            expires_at=now + timedelta(days=request.life_days),
            most_opens=request.most_opens,
            opens=0,
            wrong_codes=0,
            last_opened_at=None,
            ended_at=None,
            ended_by_name=None,
            version=1,
        )
        store.insert_share(tx, share, token_sha256=hash_secret(token), code_sha256=hash_code(token, code))
        record(
            tx,
            subject.actor,
            Action.CREATE_SHARE.value,
            patient_id=share.patient_id,
            study_uid=share.study_uid,
            objects={
                "share": str(share.share_id),
                "recipient": share.recipient_name,
                "recipient_kind": share.recipient_kind.value,
                "scope": share.scope.value,
                "days": request.life_days,
                "most_opens": share.most_opens,
            },
        )
        publish(tx, "share_created", subject=str(share.share_id), payload={"study_uid": share.study_uid})
    return CreatedShare(share=share, token=token, code=code)


def revoke_share(platform: Platform, subject: Subject, share_id: UUID) -> Share:
    """Withdraw a link; whoever is reading through it is out with the next request."""
    with platform.database.transaction(platform.tenant) as tx:
        share = store.get_share(tx, share_id, lock=True)
        authorise(
            tx,
            subject,
            Action.REVOKE_SHARE,
            patient_id=share.patient_id,
            study_uid=share.study_uid,
            owner_id=share.created_by,
        )
        return end_share(tx, share, platform.clock.now(), subject=subject)


def end_share(tx: Connection, share: Share, now: datetime, *, subject: Subject, because: str = "revoked") -> Share:
    """Revoke a share that this transaction holds, with its sessions, and write it down."""
    state = next_state(share.state_at(now), ShareEvent.REVOKE)
    store.update_share(tx, share.share_id, state=state.value, ended_at=now, ended_by_name=subject.display_name)
    end_share_sessions(tx, share_id=share.share_id, now=now, because=because)
    record(
        tx,
        subject.actor,
        Action.REVOKE_SHARE.value,
        patient_id=share.patient_id,
        study_uid=share.study_uid,
        objects={"share": str(share.share_id), "because": because},
    )
    publish(tx, "share_revoked", subject=str(share.share_id), payload={"study_uid": share.study_uid})
    return replace(share, state=state, ended_at=now, ended_by_name=subject.display_name)


def list_shares_of_study(tx: Connection, subject: Subject, study_uid: str, now: datetime) -> list[Share]:
    """Return the links to one study as they stand now, the newest first."""
    study = get_study(tx, study_uid)
    authorise(tx, subject, Action.REVOKE_SHARE, patient_id=study.patient_id, study_uid=study_uid)
    found = store.list_shares(tx, [shares.c.study_uid == study_uid], limit=200)
    return _as_they_stand(tx, found, now)


def list_own_shares(
    tx: Connection, subject: Subject, now: datetime, *, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> SharePage:
    """Return the links that the subject made, the newest first."""
    if subject.user_id is None:
        raise NotFound("Nothing is here.")
    return _page(tx, [shares.c.created_by == subject.user_id], now, after, limit)


def list_visible_shares(
    tx: Connection, subject: Subject, now: datetime, *, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> SharePage:
    """Return the links of every patient whom the subject may find, the newest first."""
    authorise(tx, subject, Action.SEARCH_PATIENTS)
    return _page(tx, [visible_patients(subject, shares.c.patient_id)], now, after, limit)


def list_shares_of_patient(tx: Connection, patient_id: UUID, now: datetime) -> list[Share]:
    """Return the links to any study of a patient: an inner function, the caller decides who may ask."""
    return _as_they_stand(tx, store.list_shares(tx, [shares.c.patient_id == patient_id], limit=200), now)


def is_suspended(tx: Connection, share: Share) -> bool:
    """Tell whether the study of a share is gone, hidden, or no longer that of the same patient."""
    return share.share_id in _suspended(tx, [share])


def _page(
    tx: Connection,
    where: list[ColumnElement[bool]],
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> SharePage:
    found = store.list_shares(tx, where, after=after, limit=limit + 1)
    shown = tuple(_as_they_stand(tx, found[:limit], now))
    last = shown[-1] if len(found) > limit else None
    return SharePage(shares=shown, next_after=(last.created_at, last.share_id) if last is not None else None)


def _as_they_stand(tx: Connection, found: list[Share], now: datetime) -> list[Share]:
    suspended = _suspended(tx, found)
    return [replace(share, state=share.state_at(now, suspended=share.share_id in suspended)) for share in found]


def _suspended(tx: Connection, found: list[Share]) -> set[UUID]:
    studies = {str(study.study_uid): study for study in list_studies(tx, sorted({share.study_uid for share in found}))}
    return {
        share.share_id
        for share in found
        if (study := studies.get(share.study_uid)) is None
        or study.patient_id != share.patient_id
        or study.state.value in HIDDEN_STATES
    }


def _make_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
