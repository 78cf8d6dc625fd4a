"""The table of share links (migration 0080)."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text, Uuid

from negatoscope.platform.database import metadata

shares = Table(
    "shares",
    metadata,
    Column("tenant", Uuid),
    Column("share_id", Uuid, primary_key=True),
    Column("study_uid", Text),
    Column("patient_id", Uuid),
    Column("recipient_name", Text),
    Column("recipient_kind", Text),
    Column("scope", Text),
    Column("token_sha256", LargeBinary),
    Column("code_sha256", LargeBinary),
    Column("state", Text),
    Column("created_by", Uuid),
    Column("created_by_name", Text),
    Column("created_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("most_opens", Integer),
    Column("opens", Integer),
    Column("wrong_codes", Integer),
    Column("last_opened_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by_name", Text),
    Column("version", Integer),
)
