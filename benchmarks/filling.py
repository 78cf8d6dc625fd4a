"""Fill the index with the studies of years, as rows alone: names as skewed as in France, a constant number a day.

Study 0 is of today and each older one is further back, so that an archive of 10 thousand is one month old, and one of a
million ten years. Identifiers are spread as UIDs are, so that each index is filled at random.
"""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

import psycopg

STUDIES_A_DAY: Final = 275
STUDIES_A_PATIENT: Final = 3
FAMILY_NAMES: Final = [
    "MARTIN", "BERNARD", "THOMAS", "PETIT", "ROBERT", "RICHARD", "DURAND", "DUBOIS", "MOREAU", "LAURENT", "SIMON", "MICHEL",
    "LEFEBVRE", "LEROY", "ROUX", "DAVID", "BERTRAND", "MOREL", "FOURNIER", "GIRARD", "BONNET", "DUPONT", "LAMBERT",
    "FONTAINE", "ROUSSEAU", "VINCENT", "MULLER", "LEFEVRE", "FAURE", "ANDRE", "MERCIER", "BLANC", "GUERIN", "BOYER",
    "GARNIER", "CHEVALIER", "FRANCOIS", "LEGRAND", "GAUTHIER", "GARCIA", "PERRIN", "ROBIN", "CLEMENT", "MORIN", "NICOLAS",
    "HENRY", "ROUSSEL", "MATHIEU",
]  # fmt: skip
GIVEN_NAMES: Final = [
    "MARIE", "JEAN", "ANNE", "PIERRE", "LOUISE", "PAUL", "JEANNE", "LUC", "CLAIRE", "HUGO", "EMMA", "LEO", "ALICE", "JULES",
    "ROSE", "NOE", "INES", "ADAM", "LINA", "GABRIEL",
]  # fmt: skip
SYLLABLES: Final = [
    "BA", "CHE", "DOU", "FAI", "GRI", "HE", "JO", "KER", "LAN", "MON", "NOR", "OUD", "PEL", "QUI", "RAS", "SAU", "TIL",
    "URB", "VAL", "YVE",
]  # fmt: skip
MODALITIES: Final = ("DX",) * 10 + ("US",) * 4 + ("CT",) * 3 + ("MR",) * 2 + ("MG",)

_FUNCTIONS: Final = """
create or replace function pg_temp.mixed(n bigint, salt text) returns bigint language sql immutable parallel safe as
    $$ select ('x' || substr(md5(salt || n::text), 1, 15))::bit(60)::bigint $$;
create or replace function pg_temp.family(p bigint) returns text language sql immutable parallel safe as $$
    select case when pg_temp.mixed(p, 'k') %% 100 < 15
        then (%(families)s::text[])[1 + floor(cardinality(%(families)s::text[]) * power(pg_temp.mixed(p, 'f') %% 1000 / 1000.0, 2))]
        else (%(syllables)s::text[])[1 + pg_temp.mixed(p, 'a') %% 20] || (%(syllables)s::text[])[1 + pg_temp.mixed(p, 'b') %% 20]
            || (%(syllables)s::text[])[1 + pg_temp.mixed(p, 'c') %% 20] end $$;
create or replace function pg_temp.named(p bigint) returns text language sql immutable parallel safe as
    $$ select pg_temp.family(p) || '^' || (%(given)s::text[])[1 + pg_temp.mixed(p, 'g') %% 20] $$;
create or replace function pg_temp.patient(n bigint) returns bigint language sql immutable parallel safe as
    $$ select pg_temp.mixed(n, 'p') %% greatest(1, %(patients)s) + %(first_patient)s $$;
"""
_PATIENTS: Final = """
insert into patients (tenant, patient_id, identity_status, family_name, given_names, sex, birth_date, name_key, birth_name_key,
                      source, created_at)
select %(tenant)s, md5('p' || p)::uuid, 'VALI', split_part(pg_temp.named(p), '^', 1), split_part(pg_temp.named(p), '^', 2), 'F',
       date '1930-01-01' + (pg_temp.mixed(p, 'd') %% 33000)::int, pg_temp.named(p), pg_temp.named(p), 'bench', now()
from generate_series(%(first_patient)s, %(first_patient)s + %(patients)s - 1) p
"""
_IDENTIFIERS: Final = """
insert into patient_identifiers (tenant, issuer, value, kind, patient_id, recorded_at)
select %(tenant)s, 'bench', 'P' || p, 'PI', md5('p' || p)::uuid, now()
from generate_series(%(first_patient)s, %(first_patient)s + %(patients)s - 1) p
"""
_STUDIES: Final = """
insert into studies (tenant, study_uid, patient_id, sent_patient_id, sent_issuer, patient_identifier, patient_issuer, patient_name,
    patient_name_key, patient_birth_date, patient_sex, accession_number, accession_issuer, study_identifier, study_date, study_time,
    study_description, referring_physician, referring_physician_key, timezone_offset, modalities, state, instances, series,
    received_at, last_received_at)
select %(tenant)s, '2.25.' || pg_temp.mixed(n, 's'), md5('p' || p)::uuid, 'P' || p, 'bench', 'P' || p, 'bench', pg_temp.named(p),
    pg_temp.named(p), date '1930-01-01' + (pg_temp.mixed(p, 'd') %% 33000)::int, 'F', 'A' || n, '', n::text,
    current_date - (n / %(a_day)s)::int, time '08:00' + make_interval(secs => n %% %(a_day)s * 130), 'Bench', 'REF^' || n %% 300,
    'REF^' || n %% 300, '', array[(%(modalities)s::text[])[1 + pg_temp.mixed(n, 'm') %% 20]], 'stable', 1, 3,
    now() - make_interval(hours => (n / %(a_day)s * 24)::int), now() - make_interval(hours => (n / %(a_day)s * 24)::int)
from (select n, pg_temp.patient(n) as p from generate_series(%(first)s, %(last)s - 1) n) numbered
"""
_SERIES: Final = """
insert into series (tenant, study_uid, series_uid, modality, series_number, series_description, body_part, laterality, protocol_name,
    station_name, institution_name, manufacturer, model_name, operators_name, performed_step_identifier, performed_step_uid, received_at)
select %(tenant)s, '2.25.' || pg_temp.mixed(n, 's'), '2.25.' || pg_temp.mixed(n * 3 + k, 'r'),
    (%(modalities)s::text[])[1 + pg_temp.mixed(n, 'm') %% 20], k + 1, 'Series', 'CHEST', '', '', '', '', '', '', '', '', '', now()
from generate_series(%(first)s, %(last)s - 1) n, generate_series(0, 2) k
"""
_INSTANCES: Final = """
insert into instances (tenant, sop_instance_uid, study_uid, series_uid, sop_class_uid, transfer_syntax_uid, instance_number,
    data_set_offset, header_end, source, received_at, blob_key, blob_size, blob_sha256, blob_wrapped_key)
select %(tenant)s, '2.25.' || pg_temp.mixed(n, 'i'), '2.25.' || pg_temp.mixed(n, 's'), '2.25.' || pg_temp.mixed(n * 3, 'r'),
    '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.1.2.1', 1, 300, 1500, 'dimse:BENCH', now(), md5('b' || n), 10000000,
    md5('h' || n) || md5('g' || n), decode(md5('w' || n) || md5('v' || n), 'hex')
from generate_series(%(first)s, %(last)s - 1) n
"""


def study_uid(number: int) -> str:
    """Return the UID of a study by its number."""
    return f"2.25.{mixed(number, 's')}"


def mixed(number: int, salt: str) -> int:
    """Return what `pg_temp.mixed` returns."""
    return int(hashlib.md5(f"{salt}{number}".encode(), usedforsecurity=False).hexdigest()[:15], 16)


def patient_of(number: int, *, first: int, last: int) -> int:
    """Return the number of the patient of a study that was filled in with the studies from `first` to `last`."""
    return mixed(number, "p") % max(1, (last - first) // STUDIES_A_PATIENT) + first // STUDIES_A_PATIENT


def fill(address: str, first: int, last: int) -> None:
    """Add the studies numbered from `first` to before `last`, with their patients, three series each and one instance."""
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute("select tenant from tenants").fetchone()
        if row is None:
            raise SystemExit("the database has no tenant")
        values = _values(row[0], first, last)
        client = psycopg.ClientCursor(connection)
        client.execute("set session_replication_role = replica")  # no look-up of what was just made
        client.execute(_FUNCTIONS.encode(), values)
        for statement in (_PATIENTS, _IDENTIFIERS, _STUDIES, _SERIES, _INSTANCES):
            client.execute(statement.encode(), values)
        connection.execute("vacuum (analyze) patients, patient_identifiers, studies, series, instances")
        connection.execute("checkpoint")


def _values(tenant: UUID, first: int, last: int) -> dict[str, object]:
    return {
        "tenant": tenant,
        "first": first,
        "last": last,
        "patients": (last - first) // STUDIES_A_PATIENT,
        "first_patient": first // STUDIES_A_PATIENT,
        "a_day": STUDIES_A_DAY,
        "modalities": list(MODALITIES),
        "families": FAMILY_NAMES,
        "given": GIVEN_NAMES,
        "syllables": SYLLABLES,
    }
