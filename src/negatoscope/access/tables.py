"""The tables of people, sessions, tokens, relations and devices (migrations 0011 to 0013)."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid

from negatoscope.platform.database import metadata

users = Table(
    "users",
    metadata,
    Column("tenant", Uuid),
    Column("user_id", Uuid, primary_key=True),
    Column("login", Text),
    Column("display_name", Text),
    Column("password_hash", Text),
    Column("password_changed_at", DateTime(timezone=True)),
    Column("professional_identifier", Text),
    Column("language", Text),
    Column("theme", Text),
    Column("roles", ARRAY(Text)),
    Column("patient_id", Uuid),
    Column("disabled_at", DateTime(timezone=True)),
    Column("totp_wrapped_secret", LargeBinary),
    Column("totp_confirmed_at", DateTime(timezone=True)),
    Column("totp_last_step", BigInteger),
    Column("created_at", DateTime(timezone=True)),
    Column("version", Integer),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column("tenant", Uuid),
    Column("session_id", Uuid, primary_key=True),
    Column("token_sha256", LargeBinary),
    Column("user_id", Uuid),
    Column("share_id", Uuid),
    Column("holder_name", Text),
    Column("study_uids", ARRAY(Text)),
    Column("limited_to", ARRAY(Text)),
    Column("auth_level", Text),
    Column("authenticated_at", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True)),
    Column("last_seen_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("address", Text),
    Column("user_agent", Text),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_because", Text),
    Column("patient_id", Uuid),
    Column("shared_patient_id", Uuid),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("tenant", Uuid),
    Column("token_id", Text, primary_key=True),
    Column("user_id", Uuid),
    Column("title", Text),
    Column("secret_sha256", LargeBinary),
    Column("scopes", ARRAY(Text)),
    Column("created_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)

failed_proofs = Table(
    "failed_proofs",
    metadata,
    Column("tenant", Uuid),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("failures", Integer),
    Column("last_at", DateTime(timezone=True)),
    Column("locked_until", DateTime(timezone=True)),
)

care_relations = Table(
    "care_relations",
    metadata,
    Column("tenant", Uuid),
    Column("user_id", Uuid, primary_key=True),
    Column("patient_id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("since", DateTime(timezone=True)),
    Column("until", DateTime(timezone=True)),
)

broken_glass = Table(
    "broken_glass",
    metadata,
    Column("tenant", Uuid),
    Column("broken_glass_id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("patient_id", Uuid),
    Column("reason_code", Text),
    Column("explanation", Text),
    Column("broken_at", DateTime(timezone=True)),
    Column("until", DateTime(timezone=True)),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("reviewed_by", Uuid),
)

oppositions = Table(
    "oppositions",
    metadata,
    Column("tenant", Uuid),
    Column("opposition_id", Uuid, primary_key=True),
    Column("patient_id", Uuid),
    Column("user_id", Uuid),
    Column("since", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
)

devices = Table(
    "devices",
    metadata,
    Column("tenant", Uuid),
    Column("device_id", Uuid, primary_key=True),
    Column("ae_title", Text),
    Column("description", Text),
    Column("addresses", ARRAY(Text)),
    Column("services", ARRAY(Text)),
    Column("host", Text),
    Column("port", Integer),
    Column("certificate_sha256", Text),
    Column("uses_tls", Boolean),
    Column("asks_user", Boolean),
    Column("disabled_at", DateTime(timezone=True)),
    Column("version", Integer),
)
