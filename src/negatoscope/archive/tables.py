"""Tables of the archive."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, LargeBinary, Table, Text, Time, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from negatoscope.platform.database import metadata

studies = Table(
    "studies",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("patient_id", Uuid, nullable=False),
    Column("sent_patient_id", Text, nullable=False),
    Column("sent_issuer", Text, nullable=False),
    Column("patient_identifier", Text, nullable=False),
    Column("patient_issuer", Text, nullable=False),
    Column("patient_name", Text, nullable=False),
    Column("patient_name_key", Text, nullable=False),
    Column("patient_birth_date", Date),
    Column("patient_sex", Text, nullable=False),
    Column("accession_number", Text, nullable=False),
    Column("accession_issuer", Text, nullable=False),
    Column("study_identifier", Text, nullable=False),
    Column("study_date", Date),
    Column("study_time", Time),
    Column("study_description", Text, nullable=False),
    Column("referring_physician", Text, nullable=False),
    Column("referring_physician_key", Text, nullable=False),
    Column("timezone_offset", Text, nullable=False),
    Column("requests", JSONB, nullable=False),
    Column("modalities", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("stable_reason", Text),
    Column("stable_at", DateTime(timezone=True)),
    Column("instances", Integer, nullable=False),
    Column("series", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("last_received_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("series_uid", Text, primary_key=True),
    Column("modality", Text, nullable=False),
    Column("series_number", Integer),
    Column("series_description", Text, nullable=False),
    Column("series_date", Date),
    Column("series_time", Time),
    Column("body_part", Text, nullable=False),
    Column("laterality", Text, nullable=False),
    Column("protocol_name", Text, nullable=False),
    Column("station_name", Text, nullable=False),
    Column("institution_name", Text, nullable=False),
    Column("manufacturer", Text, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("operators_name", Text, nullable=False),
    Column("performed_step_identifier", Text, nullable=False),
    Column("performed_step_uid", Text, nullable=False),
    Column("requests", JSONB, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("revision", Integer, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("series_uid", Text, nullable=False),
    Column("sop_class_uid", Text, nullable=False),
    Column("transfer_syntax_uid", Text, nullable=False),
    Column("instance_number", Integer),
    Column("pixels", JSONB),
    Column("data_set_offset", Integer, nullable=False),
    Column("header_end", BigInteger, nullable=False),
    Column("pixel_tag", BigInteger),
    Column("pixel_offset", BigInteger),
    Column("pixel_length", BigInteger),
    Column("frame_index", LargeBinary),
    Column("warnings", ARRAY(Text), nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("blob_key", Text, nullable=False),
    Column("blob_size", BigInteger, nullable=False),
    Column("blob_sha256", Text, nullable=False),
    Column("blob_wrapped_key", LargeBinary, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", Uuid, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("study_uid", Text),
    Column("series_uid", Text),
    Column("sop_instance_uid", Text),
    Column("sop_class_uid", Text),
    Column("transfer_syntax_uid", Text),
    Column("source", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("blob_key", Text, nullable=False),
    Column("blob_size", BigInteger, nullable=False),
    Column("blob_sha256", Text, nullable=False),
    Column("blob_wrapped_key", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Uuid),
    Column("proposal_reason", Text),
    Column("settled_at", DateTime(timezone=True)),
    Column("settled_by", Text),
    Column("settlement_reason", Text),
    Column("version", Integer, nullable=False),
)

instance_conflicts = Table(
    "instance_conflicts",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("blob_sha256", Text, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("series_uid", Text, nullable=False),
    Column("sop_class_uid", Text, nullable=False),
    Column("transfer_syntax_uid", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("settlement", Text),
    Column("settled_by", Text),
    Column("settlement_reason", Text),
    Column("blob_key", Text, nullable=False),
    Column("blob_size", BigInteger, nullable=False),
    Column("blob_wrapped_key", LargeBinary, nullable=False),
)

series_metadata = Table(
    "series_metadata",
    metadata,
    Column("study_uid", Text, primary_key=True),
    Column("series_uid", Text, primary_key=True),
    Column("instances", Integer, nullable=False),
    Column("format", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("block", LargeBinary, nullable=False),
)

renderings = Table(
    "renderings",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("frame", Integer, primary_key=True),
    Column("recipe", Text, primary_key=True),
    Column("picture", LargeBinary, nullable=False),
)

scrubs = Table(
    "scrubs",
    metadata,
    Column("kind", Text, nullable=False),
    Column("after", ARRAY(Text), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("round_began_at", DateTime(timezone=True), nullable=False),
    Column("round_objects", BigInteger, nullable=False),
    Column("round_bytes", BigInteger, nullable=False),
    Column("last_round_ended_at", DateTime(timezone=True)),
    Column("last_round_objects", BigInteger, nullable=False),
    Column("last_round_bytes", BigInteger, nullable=False),
)

damaged_objects = Table(
    "damaged_objects",
    metadata,
    Column("blob_key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("study_uid", Text),
    Column("fault", Text, nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("mended_at", DateTime(timezone=True)),
)

storage_alarms = Table(
    "storage_alarms",
    metadata,
    Column("place", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("raised_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("times", BigInteger, nullable=False),
)
