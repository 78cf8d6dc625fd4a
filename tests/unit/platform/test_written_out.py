"""A statement written out asks what the statement asked: same parameters, constants kept, casts intact."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import dialect

from negatoscope.platform.database import written_out

THINGS = Table("things", MetaData(), Column("thing_id", Uuid), Column("count", Integer))


def test_parameters_constants_and_casts_survive() -> None:
    statement = written_out(
        select(THINGS.c.count).where(THINGS.c.thing_id == bindparam("thing_id", type_=Uuid()), THINGS.c.count > 7)
    )
    compiled = statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]  # as SQLAlchemy has it
    assert set(compiled.params) == {"thing_id", "count_1"}
    assert compiled.params["count_1"] == 7
    assert "%(thing_id)s::UUID" in str(compiled)
    assert "%(count_1)s" in str(compiled)
