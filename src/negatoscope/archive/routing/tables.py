"""Tables of routing."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from negatoscope.platform.database import metadata

dicomweb_servers = Table(
    "dicomweb_servers",
    metadata,
    Column("server_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("login", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("wrapped_key", LargeBinary),
    Column("disabled_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
)

routing_rules = Table(
    "routing_rules",
    metadata,
    Column("rule_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("on_since", DateTime(timezone=True)),
)

routing_rule_versions = Table(
    "routing_rule_versions",
    metadata,
    Column("rule_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)

transfers = Table(
    "transfers",
    metadata,
    Column("transfer_id", Uuid, primary_key=True),
    Column("rule_id", Uuid, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("series_uid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("last_reason", Text, nullable=False),
    Column("dismissed_because", Text, nullable=False),
    Column("notice_sha256", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_attempt_at", DateTime(timezone=True)),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
)

transferred_objects = Table(
    "transferred_objects",
    metadata,
    Column("transfer_id", Uuid, primary_key=True),
    Column("sop_instance_uid", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("failure", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
