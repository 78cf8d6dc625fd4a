"""Tables of the dose register."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from negatoscope.platform.database import metadata

exposures = Table(
    "exposures",
    metadata,
    Column("event_uid", Text, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Column("sop_instance_uid", Text, nullable=False),
    Column("irradiated_at", DateTime(timezone=True)),
    Column("station_name", Text, nullable=False),
    Column("equipment", Text, nullable=False),
    Column("body_part", Text, nullable=False),
    Column("view_position", Text, nullable=False),
    Column("laterality", Text, nullable=False),
    Column("protocol_name", Text, nullable=False),
    Column("kvp_kv", Numeric),
    Column("exposure_mas", Numeric),
    Column("dose_area_product_mgy_cm2", Numeric),
    Column("entrance_dose_mgy", Numeric),
    Column("exposure_index", Numeric),
    Column("target_exposure_index", Numeric),
    Column("deviation_index", Numeric),
    Column("flags", ARRAY(Text), nullable=False),
    Column("source", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)
