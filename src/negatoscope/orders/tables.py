"""Tables of the orders."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from negatoscope.platform.database import metadata

rooms = Table(
    "rooms",
    metadata,
    Column("room_code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("station_ae_title", Text, nullable=False),
    Column("station_name", Text, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("placer_order_number", Text, nullable=False),
    Column("placer_issuer", Text, nullable=False),
    Column("filler_order_number", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("requester_family_name", Text, nullable=False),
    Column("requester_given_names", Text, nullable=False),
    Column("requester_identifier", Text, nullable=False),
    Column("requester_issuer", Text, nullable=False),
    Column("clinical_question", Text, nullable=False),
    Column("clinical_information", Text, nullable=False),
    Column("comments", Text, nullable=False),
    Column("visit_number", Text, nullable=False),
    Column("patient_location", Text, nullable=False),
    Column("patient_transport", Text, nullable=False),
    Column("patient_weight_kg", Float),
    Column("pregnancy", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("warnings", ARRAY(Text), nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

requested_procedures = Table(
    "requested_procedures",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("order_id", Uuid, nullable=False),
    Column("accession_issuer", Text, nullable=False),
    Column("accession_number", Text, nullable=False),
    Column("requested_procedure_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("code_scheme", Text, nullable=False),
    Column("description_fr", Text, nullable=False),
    Column("description_en", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("body_region", Text, nullable=False),
    Column("laterality", Text),
)

scheduled_steps = Table(
    "scheduled_steps",
    metadata,
    Column("scheduled_step_key", Uuid, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("scheduled_step_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("duration_min", Integer, nullable=False),
    Column("room_code", Text, nullable=False),
    Column("station_ae_title", Text, nullable=False),
    Column("station_name", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("protocol_code", Text, nullable=False),
    Column("protocol_scheme", Text, nullable=False),
    Column("protocol_meaning", Text, nullable=False),
    Column("performing_physician", Text, nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("start_inferred", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

performed_steps = Table(
    "performed_steps",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("station_ae_title", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("is_unscheduled", Boolean, nullable=False),
    Column("study_uids", ARRAY(Text), nullable=False),
    Column("referenced_instances", ARRAY(Text), nullable=False),
    Column("images_complete_at", DateTime(timezone=True)),
    Column("attributes", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
)

performed_step_links = Table(
    "performed_step_links",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("scheduled_step_key", Uuid, primary_key=True),
)

matched_studies = Table(
    "matched_studies",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("requested_study_uid", Text, nullable=False),
    Column("matched_by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

order_history = Table(
    "order_history",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=True),
    Column("order_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

order_exceptions = Table(
    "order_exceptions",
    metadata,
    Column("exception_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("order_id", Uuid),
    Column("study_uid", Text),
    Column("detail", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
)
