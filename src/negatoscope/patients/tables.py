"""Tables of the patients."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from negatoscope.platform.database import metadata

patients = Table(
    "patients",
    metadata,
    Column("patient_id", Uuid, primary_key=True),
    Column("identity_status", Text, nullable=False),
    Column("identity_flags", ARRAY(Text), nullable=False),
    Column("family_name", Text, nullable=False),
    Column("given_names", Text, nullable=False),
    Column("birth_date", Date),
    Column("sex", Text, nullable=False),
    Column("birth_family_name", Text, nullable=False),
    Column("birth_first_name", Text, nullable=False),
    Column("birth_given_names", Text, nullable=False),
    Column("birth_place_code", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("birth_name_key", Text, nullable=False),
    Column("to_reconcile", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
)

patient_identifiers = Table(
    "patient_identifiers",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("issuer_oid", Text),
    Column("patient_id", Uuid, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

patient_discrepancies = Table(
    "patient_discrepancies",
    metadata,
    Column("patient_id", Uuid, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("traits", ARRAY(Text), nullable=False),
    Column("told", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
)
