-- Patients, their identifiers, and what was told of them that disagrees.

create sequence patient_numbers;
grant usage on sequence patient_numbers to negatoscope_application;

create table patients (
    tenant uuid not null default current_tenant(),
    patient_id uuid not null,
    identity_status text not null check (identity_status in ('PROV', 'VALI', 'RECUP', 'QUAL')),
    identity_flags text[] not null default '{}',
    family_name text not null,
    given_names text not null,
    birth_date date,
    sex text not null check (sex in ('M', 'F', 'O', 'U')),
    birth_family_name text not null default '',
    birth_first_name text not null default '',
    birth_given_names text not null default '',
    birth_place_code text not null default '',
    name_key text collate "C" not null,
    birth_name_key text collate "C" not null,
    to_reconcile boolean not null default false,
    source text not null,
    created_at timestamptz not null,
    version integer not null default 1,
    primary key (tenant, patient_id)
);
create index patients_by_name on patients (tenant, name_key, patient_id);
create index patients_by_birth_name on patients (tenant, birth_name_key, patient_id);
create index patients_by_birth_date on patients (tenant, birth_date, patient_id);
create index patients_to_reconcile on patients (tenant, created_at) where to_reconcile;
select protect_table('patients', 'select, insert, update');

create table patient_identifiers (
    tenant uuid not null default current_tenant(),
    issuer text collate "C" not null,
    value text collate "C" not null,
    kind text not null check (kind in ('PI', 'INS')),
    issuer_oid text,
    patient_id uuid not null,
    recorded_at timestamptz not null,
    primary key (tenant, issuer, value),
    foreign key (tenant, patient_id) references patients (tenant, patient_id)
);
create index patient_identifiers_of on patient_identifiers (tenant, patient_id);
create index patient_identifiers_by_value on patient_identifiers (tenant, value);
select protect_table('patient_identifiers', 'select, insert');

create table patient_discrepancies (
    tenant uuid not null default current_tenant(),
    patient_id uuid not null,
    fingerprint text collate "C" not null,
    reason text not null,
    source text not null,
    traits text[] not null,
    told jsonb not null,
    at timestamptz not null,
    resolved_at timestamptz,
    primary key (tenant, patient_id, fingerprint),
    foreign key (tenant, patient_id) references patients (tenant, patient_id)
);
select protect_table('patient_discrepancies', 'select, insert, update');
