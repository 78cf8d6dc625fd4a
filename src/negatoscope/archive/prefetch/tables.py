"""Tables of prefetching."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from negatoscope.platform.database import metadata

prior_sources = Table(
    "prior_sources",
    metadata,
    Column("source_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("peer_id", Uuid, nullable=False),
    Column("patient_issuer", Text, nullable=False),
    Column("modalities", ARRAY(Text), nullable=False),
    Column("same_region", Boolean, nullable=False),
    Column("most_age_days", Integer, nullable=False),
    Column("most_studies", Integer, nullable=False),
    Column("most_objects", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

prior_searches = Table(
    "prior_searches",
    metadata,
    Column("source_id", Uuid, primary_key=True),
    Column("study_uid", Text, primary_key=True),
    Column("patient_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("found", Integer, nullable=False),
    Column("chosen", Integer, nullable=False),
    Column("strangers", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

prior_fetches = Table(
    "prior_fetches",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("source_id", Uuid, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("sent_patient_id", Text, nullable=False),
    Column("for_study_uid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("objects", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
)
