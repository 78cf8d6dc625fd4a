-- Orders, requested procedures, scheduled and performed steps, rooms, their history and what did not go as planned.

create sequence order_numbers;
grant usage on sequence order_numbers to negatoscope_application;

create table rooms (
    tenant uuid not null default current_tenant(),
    room_code text collate "C" not null,
    name text not null,
    modality text collate "C" not null,
    station_ae_title text collate "C" not null,
    station_name text not null,
    primary key (tenant, room_code),
    unique (tenant, station_ae_title)
);
select protect_table('rooms', 'select, insert, update');

create table orders (
    tenant uuid not null default current_tenant(),
    order_id uuid not null,
    state text collate "C" not null,
    patient_id uuid not null,
    placer_order_number text collate "C" not null,
    placer_issuer text collate "C" not null,
    filler_order_number text collate "C" not null,
    priority text not null check (priority in ('STAT', 'urgent', 'routine')),
    origin text not null check (origin in ('ED', 'ICU', 'IP', 'OP')),
    requester_family_name text not null,
    requester_given_names text not null,
    requester_identifier text collate "C" not null,
    requester_issuer text not null,
    clinical_question text not null,
    clinical_information text not null,
    comments text not null,
    visit_number text collate "C" not null,
    patient_location text not null,
    patient_transport text not null,
    patient_weight_kg double precision,
    pregnancy text not null,
    requested_at timestamptz not null,
    received_at timestamptz not null,
    source text not null,
    warnings text[] not null default '{}',
    reason text not null default '',
    version integer not null default 1,
    primary key (tenant, order_id),
    unique (tenant, filler_order_number),
    foreign key (tenant, patient_id) references patients (tenant, patient_id)
);
create unique index orders_by_placer on orders (tenant, placer_issuer, placer_order_number) where placer_order_number <> '';
create index orders_of_patient on orders (tenant, patient_id, received_at);
create index orders_by_arrival on orders (tenant, received_at, order_id);
select protect_table('orders', 'select, insert, update');

create table requested_procedures (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    order_id uuid not null,
    accession_issuer text collate "C" not null,
    accession_number text collate "C" not null check (length(accession_number) between 1 and 16),
    requested_procedure_id text collate "C" not null check (length(requested_procedure_id) between 1 and 16),
    code text collate "C" not null,
    code_scheme text collate "C" not null,
    description_fr text not null,
    description_en text not null,
    modality text collate "C" not null,
    body_region text collate "C" not null,
    laterality text check (laterality in ('R', 'L', 'B')),
    primary key (tenant, study_uid),
    unique (tenant, accession_issuer, accession_number),
    foreign key (tenant, order_id) references orders (tenant, order_id)
);
create index requested_procedures_of_order on requested_procedures (tenant, order_id);
create index requested_procedures_by_accession on requested_procedures (tenant, accession_number);
create index requested_procedures_by_identifier on requested_procedures (tenant, requested_procedure_id);
select protect_table('requested_procedures', 'select, insert, update');

create table scheduled_steps (
    tenant uuid not null default current_tenant(),
    scheduled_step_key uuid not null,
    study_uid text collate "C" not null,
    scheduled_step_id text collate "C" not null check (length(scheduled_step_id) between 1 and 16),
    state text collate "C" not null,
    starts_at timestamptz not null,
    duration_min integer not null,
    room_code text collate "C" not null,
    station_ae_title text collate "C" not null,
    station_name text not null,
    location text not null,
    modality text collate "C" not null,
    protocol_code text collate "C" not null,
    protocol_scheme text collate "C" not null,
    protocol_meaning text not null,
    performing_physician text not null,
    started_at timestamptz,
    ended_at timestamptz,
    start_inferred boolean not null default false,
    reason text not null default '',
    version integer not null default 1,
    primary key (tenant, scheduled_step_key),
    unique (tenant, study_uid, scheduled_step_id),
    foreign key (tenant, study_uid) references requested_procedures (tenant, study_uid)
);
create index scheduled_steps_by_time on scheduled_steps (tenant, starts_at, scheduled_step_key);
create index scheduled_steps_of_station on scheduled_steps (tenant, station_ae_title, starts_at);
create index scheduled_steps_by_identifier on scheduled_steps (tenant, scheduled_step_id);
select protect_table('scheduled_steps', 'select, insert, update');

-- attributes: the whole data set, DICOM JSON model (PS3.18 F), as the modality last left it.
create table performed_steps (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    state text not null check (state in ('IN PROGRESS', 'COMPLETED', 'DISCONTINUED')),
    station_ae_title text collate "C" not null,
    modality text collate "C" not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    is_unscheduled boolean not null,
    study_uids text[] collate "C" not null,
    referenced_instances text[] collate "C" not null,
    images_complete_at timestamptz,
    attributes jsonb not null,
    created_at timestamptz not null,
    version integer not null default 1,
    primary key (tenant, sop_instance_uid)
);
create index performed_steps_of_study on performed_steps using gin (study_uids);
create index performed_steps_awaiting_images on performed_steps (tenant, created_at)
    where state <> 'IN PROGRESS' and images_complete_at is null;
select protect_table('performed_steps', 'select, insert, update');

create table performed_step_links (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    scheduled_step_key uuid not null,
    primary key (tenant, sop_instance_uid, scheduled_step_key),
    foreign key (tenant, sop_instance_uid) references performed_steps (tenant, sop_instance_uid),
    foreign key (tenant, scheduled_step_key) references scheduled_steps (tenant, scheduled_step_key)
);
create index performed_step_links_of on performed_step_links (tenant, scheduled_step_key);
select protect_table('performed_step_links', 'select, insert');

-- The procedure of a study that came under another UID than the one planned.
create table matched_studies (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    requested_study_uid text collate "C" not null,
    matched_by text not null,
    at timestamptz not null,
    primary key (tenant, study_uid),
    foreign key (tenant, requested_study_uid) references requested_procedures (tenant, study_uid)
);
create index matched_studies_of on matched_studies (tenant, requested_study_uid);
select protect_table('matched_studies', 'select, insert');

create table order_history (
    tenant uuid not null default current_tenant(),
    sequence bigint generated always as identity,
    order_id uuid not null,
    at timestamptz not null,
    what text not null,
    event text not null,
    from_state text not null,
    to_state text not null,
    party text not null,
    actor_name text not null,
    reason text not null,
    primary key (tenant, order_id, sequence),
    foreign key (tenant, order_id) references orders (tenant, order_id)
);
select protect_table('order_history', 'select, insert');

-- What came late, twice or to the wrong place: kept for a person, never dropped.
create table order_exceptions (
    tenant uuid not null default current_tenant(),
    exception_id uuid not null,
    kind text collate "C" not null,
    fingerprint text collate "C" not null,
    order_id uuid,
    study_uid text collate "C",
    detail jsonb not null,
    at timestamptz not null,
    resolved_at timestamptz,
    primary key (tenant, exception_id),
    unique (tenant, kind, fingerprint)
);
create index order_exceptions_open on order_exceptions (tenant, at) where resolved_at is null;
select protect_table('order_exceptions', 'select, insert, update');
