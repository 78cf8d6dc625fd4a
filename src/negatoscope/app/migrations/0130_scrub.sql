-- How far the objects have been read again, and what was found damaged; `due_at` is both the rate and the lease of a worker.

create table scrubs (
    tenant uuid not null default current_tenant(),
    kind text collate "C" not null,
    after text[] not null,
    due_at timestamptz not null,
    round_began_at timestamptz not null,
    round_objects bigint not null default 0,
    round_bytes bigint not null default 0,
    last_round_ended_at timestamptz,
    last_round_objects bigint not null default 0,
    last_round_bytes bigint not null default 0,
    primary key (tenant)
);
select protect_table('scrubs', 'select, insert, update');

create table damaged_objects (
    tenant uuid not null default current_tenant(),
    blob_key text collate "C" not null,
    kind text collate "C" not null,
    name text collate "C" not null,
    study_uid text collate "C",
    fault text collate "C" not null,
    found_at timestamptz not null,
    seen_at timestamptz not null,
    mended_at timestamptz,
    primary key (tenant, blob_key)
);
select protect_table('damaged_objects', 'select, insert, update');

-- A disk that failed to sync: no process that saw it takes objects any more until it is started anew.
create table storage_alarms (
    tenant uuid not null default current_tenant(),
    place text collate "C" not null,
    reason text collate "C" not null,
    raised_at timestamptz not null,
    seen_at timestamptz not null,
    times bigint not null default 1,
    primary key (tenant, place)
);
select protect_table('storage_alarms', 'select, insert, update');
