"""Tables of discs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from negatoscope.platform.database import metadata

discs = Table(
    "discs",
    metadata,
    Column("disc_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("study_uids", ARRAY(Text), nullable=False),
    Column("project", Text),
    Column("options", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("reason", Text),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("objects", Integer, nullable=False),
    Column("written", Integer, nullable=False),
    Column("remarks", JSONB, nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)

disc_objects = Table(
    "disc_objects",
    metadata,
    Column("disc_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sop_instance_uid", Text, nullable=False),
)

disc_files = Table(
    "disc_files",
    metadata,
    Column("disc_id", Uuid, primary_key=True),
    Column("blob_key", Text, nullable=False),
    Column("blob_size", BigInteger, nullable=False),
    Column("blob_sha256", Text, nullable=False),
    Column("blob_wrapped_key", LargeBinary, nullable=False),
    Column("standing", Text, nullable=False),
)

deidentification_projects = Table(
    "deidentification_projects",
    metadata,
    Column("project", Text, primary_key=True),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by_name", Text, nullable=False),
)
