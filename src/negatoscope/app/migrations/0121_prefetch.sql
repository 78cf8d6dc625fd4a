-- Earlier examinations from other archives: where they may be fetched, what was asked for, and what came.

create table prior_sources (
    tenant uuid not null default current_tenant(),
    source_id uuid not null,
    name text not null check (length(name) between 1 and 64),
    kind text collate "C" not null check (kind in ('device', 'server')),
    peer_id uuid not null,
    patient_issuer text not null check (length(patient_issuer) between 1 and 64),
    modalities text[] collate "C" not null,
    same_region boolean not null,
    most_age_days integer not null check (most_age_days > 0),
    most_studies integer not null check (most_studies between 1 and 50),
    most_objects integer not null check (most_objects > 0),
    is_enabled boolean not null,
    version integer not null default 1,
    primary key (tenant, source_id),
    unique (tenant, name)
);
select protect_table('prior_sources', 'select, insert, update');

-- One row a source and planned study: what was found there, how much of it was wanted, and whose identity did not agree.
create table prior_searches (
    tenant uuid not null default current_tenant(),
    source_id uuid not null,
    study_uid text collate "C" not null,
    patient_id uuid not null,
    state text collate "C" not null check (state in ('asked', 'answered', 'failed')),
    found integer not null default 0,
    chosen integer not null default 0,
    strangers integer not null default 0,
    reason text not null default '',
    at timestamptz not null,
    primary key (tenant, source_id, study_uid),
    foreign key (tenant, source_id) references prior_sources (tenant, source_id)
);
create index prior_searches_by_time on prior_searches (tenant, at, study_uid);
select protect_table('prior_searches', 'select, insert, update');

-- One row a study that was asked for elsewhere, whatever source it came from. sent_patient_id: its patient's number there.
create table prior_fetches (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    source_id uuid not null,
    patient_id uuid not null,
    sent_patient_id text not null,
    for_study_uid text collate "C" not null,
    state text collate "C" not null check (state in ('queued', 'fetched', 'failed')),
    attempts integer not null default 0,
    round integer not null default 1,
    objects integer not null default 0,
    reason text not null default '',
    asked_at timestamptz not null,
    ended_at timestamptz,
    version integer not null default 1,
    primary key (tenant, study_uid),
    foreign key (tenant, source_id) references prior_sources (tenant, source_id)
);
create index prior_fetches_by_time on prior_fetches (tenant, asked_at, study_uid);
select protect_table('prior_fetches', 'select, insert, update');
