"""Tables of retention."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from negatoscope.platform.database import metadata

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("hold_id", Uuid, primary_key=True),
    Column("patient_id", Uuid),
    Column("study_uid", Text),
    Column("reason", Text, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False),
    Column("lifted_by", Text),
    Column("lifted_at", DateTime(timezone=True)),
    Column("lift_reason", Text),
)

erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", Uuid, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("first_by", Uuid),
    Column("first_name", Text),
    Column("first_at", DateTime(timezone=True)),
    Column("first_reason", Text),
    Column("second_by", Uuid),
    Column("second_name", Text),
    Column("second_at", DateTime(timezone=True)),
    Column("second_reason", Text),
    Column("refused_name", Text),
    Column("refused_at", DateTime(timezone=True)),
    Column("refusal_reason", Text),
    Column("erased_at", DateTime(timezone=True)),
    Column("certificate", JSONB),
    Column("certificate_sha256", Text),
    Column("version", Integer, nullable=False),
)

erased_objects = Table(
    "erased_objects",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("erasure_id", Uuid, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("sop_class_uid", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("blob_key", Text),
    Column("other_keys", ARRAY(Text), nullable=False),
    Column("erased_at", DateTime(timezone=True), nullable=False),
    Column("allowed_at", DateTime(timezone=True)),
)
