"""Tables of the teaching sessions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, Table, Text, Uuid

from negatoscope.platform.database import metadata

training_sessions = Table(
    "training_sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("reader_id", Uuid, nullable=False),
    Column("reader_name", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("with_ai", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)

training_cases = Table(
    "training_cases",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("version_id", Uuid, nullable=False),
    Column("truth", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("free_answer", Text, nullable=False),
    Column("answered_at", DateTime(timezone=True)),
)
