"""Tables of the reports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from negatoscope.platform.database import metadata

reports = Table(
    "reports",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
)

report_versions = Table(
    "report_versions",
    metadata,
    Column("version_id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("previous_sha256", Text, nullable=False),
    Column("pdf_sha256", Text, nullable=False),
    Column("pdf_size", BigInteger, nullable=False),
    Column("series_uid", Text, nullable=False),
    Column("sop_instance_uid", Text, nullable=False),
    Column("signer_id", Uuid, nullable=False),
    Column("signer_name", Text, nullable=False),
    Column("signer_identifier", Text, nullable=False),
    Column("auth_level", Text, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("discrepancy", Text),
    Column("pdf", LargeBinary),
)
