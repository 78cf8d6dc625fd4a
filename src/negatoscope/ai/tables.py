"""Tables of the runs and findings of models."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from negatoscope.platform.database import metadata

ai_runs = Table(
    "ai_runs",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("input_digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probabilities", JSONB, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("inference_ms", Integer),
    Column("version", Integer, nullable=False),
)

ai_findings = Table(
    "ai_findings",
    metadata,
    Column("finding_id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("titles", JSONB, nullable=False),
    Column("probability", Double, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("region", JSONB(none_as_null=True)),
    Column("sop_instance_uid", Text, nullable=False),
    Column("frame", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("judged_by_id", Uuid),
    Column("judged_by", Text, nullable=False),
    Column("judged_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
)
