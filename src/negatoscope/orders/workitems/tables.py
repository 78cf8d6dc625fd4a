"""Tables of the workitems (migrations 0135 and 0136)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from negatoscope.platform.database import metadata

workitems = Table(
    "workitems",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("lock_sha256", LargeBinary),
    Column("attributes", JSONB, nullable=False),
    Column("patient_id", Uuid),
    Column("patient_identifier", Text, nullable=False),
    Column("worklist_label", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("modified_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("retired_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
)

workitem_subscribers = Table(
    "workitem_subscribers",
    metadata,
    Column("subscriber_id", Uuid, primary_key=True),
    Column("ae_title", Text, nullable=False),
    Column("wire", Text, nullable=False),
    Column("user_id", Uuid),
    Column("is_global", Boolean, nullable=False),
    Column("deletion_lock", Boolean, nullable=False),
    Column("matching_keys", JSONB(none_as_null=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

workitem_subscriptions = Table(
    "workitem_subscriptions",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("subscriber_id", Uuid, primary_key=True),
    Column("deletion_lock", Boolean, nullable=False),
)

workitem_reports = Table(
    "workitem_reports",
    metadata,
    Column("sequence", BigInteger, primary_key=True),
    Column("subscriber_id", Uuid, nullable=False),
    Column("sop_instance_uid", Text, nullable=False),
    Column("report_type", Integer, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
)
