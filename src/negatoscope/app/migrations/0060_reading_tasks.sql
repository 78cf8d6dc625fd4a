-- One reading task for each study. Its place on the list is (band, rank, available_at, study_uid).

create table reading_tasks (
    tenant uuid not null default current_tenant(),
    task_id uuid not null,
    study_uid text collate "C" not null,
    state text collate "C" not null,
    owner_id uuid,
    owner_name text not null default '',
    lease_until timestamptz,
    available_at timestamptz not null,
    band smallint not null,
    rank double precision not null,
    total integer not null,
    components jsonb not null,
    manual_points integer not null default 0,
    manual_reason text not null default '',
    hold_reason text not null default '',
    image_count integer not null default 0,
    new_images_after_final boolean not null default false,
    version integer not null default 1,
    primary key (tenant, task_id),
    unique (tenant, study_uid)
);
create index reading_tasks_by_place on reading_tasks (tenant, band, rank desc, available_at, study_uid);
create index reading_tasks_of_owner on reading_tasks (tenant, owner_id) where owner_id is not null;
create index reading_tasks_open on reading_tasks (tenant, state)
    where state in ('unassigned', 'claimed', 'draft', 'preliminary', 'on_hold');
select protect_table('reading_tasks', 'select, insert, update');
