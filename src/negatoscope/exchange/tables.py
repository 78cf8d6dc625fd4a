"""Tables of the exchange."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from negatoscope.platform.database import metadata

received_messages = Table(
    "received_messages",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("control_id", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("message_type", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("order_ids", ARRAY(Uuid), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("report_version_id", Uuid, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("order_id", Uuid),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("last_reason", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_attempt_at", DateTime(timezone=True)),
    Column("delivered_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
)

delivery_receipts = Table(
    "delivery_receipts",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
