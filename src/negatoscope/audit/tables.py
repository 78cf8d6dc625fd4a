"""The tables of the trail (migration 0010)."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from negatoscope.platform.database import metadata


class Xid8(UserDefinedType[str]):
    """A transaction identifier of 64 bits, which never wraps; compared on the server, read as text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type in SQL."""
        return "xid8"


audit_entries = Table(
    "audit_entries",
    metadata,
    Column("tenant", Uuid),
    Column("entry_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("transaction_id", Xid8),
    Column("actor_kind", Text),
    Column("actor_user_id", Uuid),
    Column("actor_name", Text),
    Column("actor_roles", ARRAY(Text)),
    Column("actor_auth_level", Text),
    Column("actor_address", Text),
    Column("action", Text),
    Column("outcome", Text),
    Column("patient_id", Uuid),
    Column("study_uid", Text),
    Column("objects", JSONB),
    Column("reason", Text),
    Column("request_id", Text),
)

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("entry_id", Uuid),
    Column("entry_at", DateTime(timezone=True)),
    Column("entry_hash", LargeBinary),
    Column("previous_hash", LargeBinary),
    Column("hash", LargeBinary),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("sequence", BigInteger),
    Column("hash", LargeBinary),
    Column("sealed_below", Xid8),
    Column("sealed_at", DateTime(timezone=True)),
)
