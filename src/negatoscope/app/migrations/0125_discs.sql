-- Discs: studies written to one ZIP with DICOMDIR, in the background, and the secret keys of de-identification projects.

create table discs (
    tenant uuid not null default current_tenant(),
    disc_id uuid not null,
    state text collate "C" not null
        check (state in ('requested', 'writing', 'ready', 'failed', 'cancelled', 'expired')),
    study_uids text[] not null check (cardinality(study_uids) between 1 and 100),
    project text,
    options text[] not null default '{}',
    language text collate "C" not null,
    reason text,
    requested_by uuid not null,
    requested_by_name text not null,
    requested_at timestamptz not null,
    objects integer not null check (objects > 0),
    written integer not null default 0,
    remarks jsonb not null default '[]',
    ended_at timestamptz,
    primary key (tenant, disc_id)
);
create index discs_by_person on discs (tenant, requested_by, requested_at desc, disc_id);
create index discs_by_end on discs (tenant, ended_at) where state = 'ready';
select protect_table('discs', 'select, insert, update');

create table disc_objects (
    tenant uuid not null default current_tenant(),
    disc_id uuid not null,
    number integer not null,
    sop_instance_uid text collate "C" not null,
    primary key (tenant, disc_id, number)
);
select protect_table('disc_objects', 'select, insert, delete');

create table disc_files (
    tenant uuid not null default current_tenant(),
    disc_id uuid not null,
    blob_key text collate "C" not null,
    blob_size bigint not null,
    blob_sha256 text collate "C" not null,
    blob_wrapped_key bytea not null,
    primary key (tenant, disc_id)
);
create index disc_files_by_key on disc_files (tenant, blob_key);
select protect_table('disc_files', 'select, insert, delete');

create table deidentification_projects (
    tenant uuid not null default current_tenant(),
    project text not null check (length(project) between 1 and 64),
    sealed_key bytea not null,
    wrapped_key bytea not null,
    created_at timestamptz not null,
    created_by_name text not null,
    primary key (tenant, project)
);
select protect_table('deidentification_projects', 'select, insert');
