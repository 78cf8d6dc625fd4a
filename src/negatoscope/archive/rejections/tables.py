"""Tables of rejections."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Table, Text

from negatoscope.platform.database import metadata

rejections = Table(
    "rejections",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("note_uid", Text, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("series_uid", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("rejected_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Text),
    Column("revocation_reason", Text),
)
