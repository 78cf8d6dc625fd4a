"""Tables of imports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid

from negatoscope.platform.database import metadata

imports = Table(
    "imports",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("fingerprint", Text),
    Column("started_by", Uuid),
    Column("started_by_name", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("files", Integer, nullable=False),
)

import_files = Table(
    "import_files",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("reason", Text),
    Column("study_uid", Text),
)

import_archives = Table(
    "import_archives",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("blob_key", Text, nullable=False),
    Column("blob_size", BigInteger, nullable=False),
    Column("blob_sha256", Text, nullable=False),
    Column("blob_wrapped_key", LargeBinary, nullable=False),
)
