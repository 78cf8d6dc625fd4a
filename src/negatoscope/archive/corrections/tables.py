"""Tables of corrections."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid

from negatoscope.platform.database import metadata

corrected_studies = Table(
    "corrected_studies",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("corrected_at", DateTime(timezone=True), nullable=False),
)

moves = Table(
    "moves",
    metadata,
    Column("move_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("from_study_uid", Text, nullable=False),
    Column("to_study_uid", Text, nullable=False),
    Column("to_patient_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Uuid, nullable=False),
    Column("proposer_name", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("undone_at", DateTime(timezone=True)),
    Column("undo_reason", Text),
    Column("version", Integer, nullable=False),
)

moved_objects = Table(
    "moved_objects",
    metadata,
    Column("move_id", Uuid, primary_key=True),
    Column("sop_instance_uid", Text, primary_key=True),
    Column("from_series_uid", Text, nullable=False),
    Column("to_series_uid", Text, nullable=False),
)
