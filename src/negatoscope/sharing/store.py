"""Share links in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, tuple_, update

from negatoscope.access.authorisation import visible_patients
from negatoscope.access.model import Subject
from negatoscope.archive.tables import studies
from negatoscope.platform.errors import NotFound
from negatoscope.sharing.model import RecipientKind, Share, ShareScope, ShareState
from negatoscope.sharing.tables import shares


@dataclass(frozen=True, slots=True)
class StudyKey:
    """The place of a study in the list of results."""

    received_at: datetime
    study_uid: str


_COLUMNS = tuple(column for column in shares.c if column.name not in {"tenant", "token_sha256", "code_sha256"})


def insert_share(tx: Connection, share: Share, *, token_sha256: bytes, code_sha256: bytes) -> None:
    """Add a share link."""
    tx.execute(
        insert(shares).values(
            share_id=share.share_id,
            study_uid=share.study_uid,
            patient_id=share.patient_id,
            recipient_name=share.recipient_name,
            recipient_kind=share.recipient_kind.value,
            scope=share.scope.value,
            token_sha256=token_sha256,
            code_sha256=code_sha256,
            state=share.state.value,
            created_by=share.created_by,
            created_by_name=share.created_by_name,
            created_at=share.created_at,
            expires_at=share.expires_at,
            most_opens=share.most_opens,
        )
    )


def find_share_by_token(tx: Connection, token_sha256: bytes) -> tuple[Share, bytes] | None:
    """Return the share of a token and the hash of its code, held until the transaction ends."""
    row = (
        tx.execute(select(*_COLUMNS, shares.c.code_sha256).where(shares.c.token_sha256 == token_sha256).with_for_update())
        .mappings()
        .one_or_none()
    )
    return (_share_of(row), bytes(row["code_sha256"])) if row is not None else None


def get_share(tx: Connection, share_id: UUID, *, lock: bool = False) -> Share:
    """Return a share, or raise NotFound."""
    query = select(*_COLUMNS).where(shares.c.share_id == share_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("Nothing is here.")
    return _share_of(row)


def list_shares(
    tx: Connection,
    where: Sequence[ColumnElement[bool]],
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Share]:
    """Return shares, the newest first."""
    query = select(*_COLUMNS).where(*where).order_by(shares.c.created_at.desc(), shares.c.share_id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(shares.c.created_at, shares.c.share_id) < tuple_(*after))
    return [_share_of(row) for row in tx.execute(query).mappings()]


def update_share(tx: Connection, share_id: UUID, **values: object) -> None:
    """Change columns of a share that this transaction holds."""
    tx.execute(update(shares).where(shares.c.share_id == share_id).values(**values, version=shares.c.version + 1))


def list_visible_studies(tx: Connection, subject: Subject, *, after: StudyKey | None = None, limit: int) -> list[StudyKey]:
    """Return the studies of patients whom the subject may find, the last received first."""
    query = (
        select(studies.c.received_at, studies.c.study_uid)
        .where(visible_patients(subject, studies.c.patient_id))
        .order_by(studies.c.received_at.desc(), studies.c.study_uid.desc())
        .limit(limit)
    )
    if after is not None:
        place = tuple_(after.received_at, after.study_uid)
        query = query.where(tuple_(studies.c.received_at, studies.c.study_uid) < place)
    return [StudyKey(row.received_at, row.study_uid) for row in tx.execute(query)]


def _share_of(row: RowMapping) -> Share:
    return Share(
        share_id=row["share_id"],
        study_uid=row["study_uid"],
        patient_id=row["patient_id"],
        recipient_name=row["recipient_name"],
        recipient_kind=RecipientKind(row["recipient_kind"]),
        scope=ShareScope(row["scope"]),
        state=ShareState(row["state"]),
        created_by=row["created_by"],
        created_by_name=row["created_by_name"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        most_opens=row["most_opens"],
        opens=row["opens"],
        wrong_codes=row["wrong_codes"],
        last_opened_at=row["last_opened_at"],
        ended_at=row["ended_at"],
        ended_by_name=row["ended_by_name"],
        version=row["version"],
    )
