"""Tables of recompression. Row-level security adds the tenant to each of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text

from negatoscope.platform.database import metadata

recompression_rules = Table(
    "recompression_rules",
    metadata,
    Column("modality", Text, primary_key=True),
    Column("codec", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)

recompressed_objects = Table(
    "recompressed_objects",
    metadata,
    Column("sop_instance_uid", Text, primary_key=True),
    Column("transfer_syntax_uid", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("blob_key", Text, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("header", LargeBinary),
    Column("pixel_header", LargeBinary, nullable=False),
    Column("rest", LargeBinary, nullable=False),
    Column("recompressed_at", DateTime(timezone=True), nullable=False),
)
