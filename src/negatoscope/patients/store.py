"""SQL of the patients. Rows become model types here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import cast
from uuid import UUID, uuid4

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.patients.model import (
    Demographics,
    Discrepancy,
    IdentifierKind,
    IdentityStatus,
    Patient,
    PatientId,
    PatientIdentifier,
    Sex,
)
from negatoscope.patients.names import key_range
from negatoscope.patients.tables import patient_discrepancies, patient_identifiers, patients
from negatoscope.platform.errors import NotFound, StaleVersion


def lock_identifiers(tx: Connection, identifiers: Iterable[PatientIdentifier]) -> None:
    """Hold these identifiers until the transaction ends, so that two senders of one patient make one patient."""
    for key in sorted({f"{entry.issuer}\x1f{entry.value}" for entry in identifiers}):
        tx.execute(text("select pg_advisory_xact_lock(hashtextextended(current_tenant()::text || :key, 20))"), {"key": key})


def find_patient_ids(tx: Connection, identifiers: Sequence[PatientIdentifier]) -> dict[PatientIdentifier, PatientId]:
    """Return the patient that each known identifier names."""
    if not identifiers:
        return {}
    table = patient_identifiers.c
    query = select(table.issuer, table.value, table.patient_id).where(
        tuple_(table.issuer, table.value).in_([(entry.issuer, entry.value) for entry in identifiers])
    )
    known = {(row.issuer, row.value): PatientId(row.patient_id) for row in tx.execute(query)}
    return {entry: known[entry.issuer, entry.value] for entry in identifiers if (entry.issuer, entry.value) in known}


def next_patient_number(tx: Connection) -> str:
    """Return a number of our own that was never given before."""
    number = tx.execute(text("select nextval('patient_numbers')")).scalar_one()
    return f"N{number:08d}"


def insert_patient(
    tx: Connection,
    demographics: Demographics,
    *,
    identity_status: IdentityStatus,
    identity_flags: frozenset[str],
    to_reconcile: bool,
    source: str,
    at: datetime,
) -> PatientId:
    """Insert one patient without identifiers."""
    patient_id = PatientId(uuid4())
    tx.execute(
        insert(patients).values(
            patient_id=patient_id,
            identity_status=identity_status.value,
            identity_flags=sorted(identity_flags),
            to_reconcile=to_reconcile,
            source=source,
            created_at=at,
            version=1,
            **_demographic_columns(demographics),
        )
    )
    return patient_id


def insert_identifiers(tx: Connection, patient_id: PatientId, identifiers: Iterable[PatientIdentifier], at: datetime) -> None:
    """Attach identifiers that nobody bears yet; the others are left where they are."""
    rows = [
        {
            "issuer": entry.issuer,
            "value": entry.value,
            "kind": entry.kind.value,
            "issuer_oid": entry.issuer_oid,
            "patient_id": patient_id,
            "recorded_at": at,
        }
        for entry in identifiers
    ]
    if rows:
        tx.execute(insert_or_skip(patient_identifiers).values(rows).on_conflict_do_nothing())


def update_demographics(
    tx: Connection, patient_id: PatientId, demographics: Demographics, *, status: IdentityStatus, version: int
) -> None:
    """Write the traits and the trust, or raise StaleVersion."""
    changed = tx.execute(
        update(patients)
        .where(patients.c.patient_id == patient_id, patients.c.version == version)
        .values(version=version + 1, identity_status=status.value, **_demographic_columns(demographics))
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this patient first.")


def insert_discrepancy(tx: Connection, patient_id: PatientId, discrepancy: Discrepancy) -> bool:
    """Keep what disagrees, once for the same telling, and flag the patient. Return False when it was known."""
    told = _told_document(discrepancy.told)
    print_of = hashlib.sha256(orjson.dumps([discrepancy.reason, discrepancy.source, told], option=orjson.OPT_SORT_KEYS))
    inserted = tx.execute(
        insert_or_skip(patient_discrepancies)
        .values(
            patient_id=patient_id,
            fingerprint=print_of.hexdigest(),
            reason=discrepancy.reason,
            source=discrepancy.source,
            traits=list(discrepancy.traits),
            told=told,
            at=discrepancy.at,
        )
        .on_conflict_do_nothing()
        .returning(patient_discrepancies.c.fingerprint)
    )
    if inserted.first() is None:
        return False
    tx.execute(update(patients).where(patients.c.patient_id == patient_id).values(to_reconcile=True))
    return True


def resolve_discrepancies(tx: Connection, patient: Patient, *, version: int, at: datetime) -> None:
    """Say that somebody looked at all that disagreed about a patient, or raise StaleVersion."""
    changed = tx.execute(
        update(patients)
        .where(patients.c.patient_id == patient.patient_id, patients.c.version == version)
        .values(to_reconcile=False, version=version + 1)
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this patient first.")
    table = patient_discrepancies
    open_ones = (table.c.patient_id == patient.patient_id, table.c.resolved_at.is_(None))
    tx.execute(update(table).where(*open_ones).values(resolved_at=at))


def get_patient(tx: Connection, patient_id: UUID, *, where: ColumnElement[bool] | None = None) -> Patient:
    """Return one patient, or raise NotFound."""
    query = select(patients).where(patients.c.patient_id == patient_id)
    row = tx.execute(query if where is None else query.where(where)).mappings().one_or_none()
    if row is None:
        raise NotFound("No such patient.", reason="no_such_patient")
    return _with_identifiers(tx, [row], discrepancies=True)[0]


def lock_patient(tx: Connection, patient_id: UUID) -> Patient:
    """Return one patient, held until the transaction ends."""
    tx.execute(select(patients.c.patient_id).where(patients.c.patient_id == patient_id).with_for_update())
    return get_patient(tx, patient_id)


def get_patients(tx: Connection, patient_ids: Iterable[UUID]) -> dict[PatientId, Patient]:
    """Return these patients by identifier, in two queries whatever their number."""
    wanted = list(set(patient_ids))
    rows = tx.execute(select(patients).where(patients.c.patient_id.in_(wanted))).mappings().all() if wanted else []
    return {patient.patient_id: patient for patient in _with_identifiers(tx, rows)}


def list_patients(
    tx: Connection, where: Sequence[ColumnElement[bool]], *, after: tuple[str, UUID] | None, limit: int
) -> list[Patient]:
    """Return patients in the order of their names, those after the key of the last one seen."""
    query = select(patients).where(*where).order_by(patients.c.name_key, patients.c.patient_id).limit(limit)
    if after is not None:
        query = query.where(tuple_(patients.c.name_key, patients.c.patient_id) > tuple_(*after))
    return _with_identifiers(tx, tx.execute(query).mappings().all())


def name_starts_with(prefix: str) -> ColumnElement[bool]:
    """Match a folded prefix against the name used and the birth name."""
    low, high = key_range(prefix)
    return or_(
        and_(patients.c.name_key >= low, patients.c.name_key < high),
        and_(patients.c.birth_name_key >= low, patients.c.birth_name_key < high),
    )


def born_on(birth_date: date) -> ColumnElement[bool]:
    """Match a birth date."""
    return patients.c.birth_date == birth_date


def bears_identifier(value: str) -> ColumnElement[bool]:
    """Match an identifier, whoever gave it."""
    return patients.c.patient_id.in_(select(patient_identifiers.c.patient_id).where(patient_identifiers.c.value == value))


def count_to_reconcile(tx: Connection) -> int:
    """Return how many identities wait for somebody."""
    return tx.execute(select(func.count()).select_from(patients).where(patients.c.to_reconcile)).scalar_one()


def _demographic_columns(demographics: Demographics) -> dict[str, str | date | None]:
    columns: dict[str, str | date | None] = {entry.name: getattr(demographics, entry.name) for entry in fields(demographics)}
    columns["sex"] = demographics.sex.value
    columns["name_key"] = demographics.name_key
    columns["birth_name_key"] = demographics.birth_name_key
    return columns


def _told_document(told: Demographics) -> dict[str, str | None]:
    document = asdict(told)
    document["birth_date"] = told.birth_date.isoformat() if told.birth_date else None
    document["sex"] = told.sex.value
    return document


def _demographics(row: RowMapping | dict[str, str | None]) -> Demographics:
    born = row["birth_date"]
    return Demographics(
        family_name=str(row["family_name"]),
        given_names=str(row["given_names"]),
        birth_date=date.fromisoformat(born) if isinstance(born, str) else cast("date | None", born),  # jsonb holds text
        sex=Sex(str(row["sex"])),
        birth_family_name=str(row["birth_family_name"]),
        birth_first_name=str(row["birth_first_name"]),
        birth_given_names=str(row["birth_given_names"]),
        birth_place_code=str(row["birth_place_code"]),
    )


def _with_identifiers(tx: Connection, rows: Sequence[RowMapping], *, discrepancies: bool = False) -> list[Patient]:
    wanted = [row["patient_id"] for row in rows]
    identifiers: dict[UUID, list[PatientIdentifier]] = {patient_id: [] for patient_id in wanted}
    if wanted:
        borne = patient_identifiers
        query = select(borne).where(borne.c.patient_id.in_(wanted)).order_by(borne.c.recorded_at, borne.c.issuer, borne.c.value)
        for row in tx.execute(query).mappings():
            identifiers[row["patient_id"]].append(
                PatientIdentifier(row["value"], row["issuer"], IdentifierKind(row["kind"]), row["issuer_oid"])
            )
    return [
        Patient(
            patient_id=PatientId(row["patient_id"]),
            demographics=_demographics(row),
            identifiers=tuple(identifiers[row["patient_id"]]),
            identity_status=IdentityStatus(row["identity_status"]),
            identity_flags=frozenset(row["identity_flags"]),
            to_reconcile=row["to_reconcile"],
            source=row["source"],
            created_at=row["created_at"],
            version=row["version"],
            discrepancies=_list_discrepancies(tx, row["patient_id"]) if discrepancies else (),
        )
        for row in rows
    ]


def _list_discrepancies(tx: Connection, patient_id: UUID) -> tuple[Discrepancy, ...]:
    table = patient_discrepancies.c
    query = select(patient_discrepancies).where(table.patient_id == patient_id, table.resolved_at.is_(None)).order_by(table.at)
    return tuple(
        Discrepancy(
            reason=row["reason"],
            source=row["source"],
            traits=tuple(row["traits"]),
            told=_demographics(row["told"]),
            at=row["at"],
        )
        for row in tx.execute(query).mappings()
    )
