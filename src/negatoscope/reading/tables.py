"""Tables of the reading list."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from negatoscope.platform.database import metadata

reading_tasks = Table(
    "reading_tasks",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner_id", Uuid),
    Column("owner_name", Text, nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("available_at", DateTime(timezone=True), nullable=False),
    Column("band", SmallInteger, nullable=False),
    Column("rank", Double, nullable=False),
    Column("total", Integer, nullable=False),
    Column("components", JSONB, nullable=False),
    Column("manual_points", Integer, nullable=False),
    Column("manual_reason", Text, nullable=False),
    Column("hold_reason", Text, nullable=False),
    Column("image_count", Integer, nullable=False),
    Column("new_images_after_final", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
