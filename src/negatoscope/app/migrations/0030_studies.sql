-- Studies and series. The columns of a study that describe its patient follow corrections of identity; the objects keep
-- what the modality sent.

create table studies (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    patient_id uuid not null,
    sent_patient_id text collate "C" not null,
    sent_issuer text collate "C" not null,
    patient_identifier text collate "C" not null,
    patient_issuer text collate "C" not null,
    patient_name text not null,
    patient_name_key text collate "C" not null,
    patient_birth_date date,
    patient_sex text not null,
    accession_number text collate "C" not null,
    accession_issuer text not null,
    study_identifier text not null,
    study_date date,
    study_time time,
    study_description text not null,
    referring_physician text not null,
    referring_physician_key text collate "C" not null,
    timezone_offset text not null,
    requests jsonb not null default '[]',
    modalities text[] not null default '{}',
    state text not null check (state in ('receiving', 'stable')),
    stable_reason text,
    stable_at timestamptz,
    instances integer not null default 0,
    series integer not null default 0,
    received_at timestamptz not null,
    last_received_at timestamptz not null,
    version integer not null default 1,
    primary key (tenant, study_uid),
    foreign key (tenant, patient_id) references patients (tenant, patient_id)
);
create index studies_by_date on studies (tenant, study_date desc nulls last, study_uid);
create index studies_by_patient on studies (tenant, patient_id, study_date desc nulls last);
create index studies_by_accession on studies (tenant, accession_number) where accession_number <> '';
create index studies_by_patient_identifier on studies (tenant, patient_identifier, study_date desc nulls last);
create index studies_by_name on studies (tenant, patient_name_key, study_date desc nulls last);
create index studies_receiving on studies (tenant, study_uid) where state = 'receiving';
select protect_table('studies', 'select, insert, update');

-- A device may use one series UID in two studies by mistake; the key keeps them apart.
create table series (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    series_uid text collate "C" not null,
    modality text collate "C" not null,
    series_number integer,
    series_description text not null,
    series_date date,
    series_time time,
    body_part text not null,
    laterality text not null,
    protocol_name text not null,
    station_name text not null,
    institution_name text not null,
    manufacturer text not null,
    model_name text not null,
    operators_name text not null,
    performed_step_identifier text not null,
    performed_step_uid text not null,
    requests jsonb not null default '[]',
    received_at timestamptz not null,
    primary key (tenant, study_uid, series_uid),
    foreign key (tenant, study_uid) references studies (tenant, study_uid)
);
create index series_by_uid on series (tenant, series_uid);
create index series_by_modality on series (tenant, modality, study_uid);
create index series_by_performed_step on series (tenant, performed_step_uid) where performed_step_uid <> '';
select protect_table('series', 'select, insert, update');
