-- Unified procedure steps (PS3.4 annex CC). attributes: the whole data set, DICOM JSON model (PS3.18 F), without the
-- Transaction UID, of which the hash alone is kept. retired_at: ended long ago, no longer given out; the row stays.

create table workitems (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    state text collate "C" not null check (state in ('SCHEDULED', 'IN PROGRESS', 'COMPLETED', 'CANCELED')),
    lock_sha256 bytea check (length(lock_sha256) = 32),
    attributes jsonb not null,
    patient_id uuid,
    patient_identifier text collate "C" not null,
    worklist_label text collate "C" not null,
    starts_at timestamptz not null,
    created_at timestamptz not null,
    modified_at timestamptz not null,
    ended_at timestamptz,
    retired_at timestamptz,
    version integer not null default 1,
    primary key (tenant, sop_instance_uid),
    foreign key (tenant, patient_id) references patients (tenant, patient_id),
    constraint workitems_lock check ((state = 'SCHEDULED') = (lock_sha256 is null)),
    constraint workitems_end check ((state in ('COMPLETED', 'CANCELED')) = (ended_at is not null)),
    constraint workitems_retired check (retired_at is null or ended_at is not null)
);
create index workitems_by_start on workitems (tenant, starts_at, sop_instance_uid) where retired_at is null;
create index workitems_by_state on workitems (tenant, state, starts_at, sop_instance_uid) where retired_at is null;
create index workitems_of_identifier on workitems (tenant, patient_identifier, starts_at) where patient_identifier <> '';
create index workitems_of_patient on workitems (tenant, patient_id) where patient_id is not null;
create index workitems_ended on workitems (tenant, ended_at) where retired_at is null and ended_at is not null;
select protect_table('workitems', 'select, insert, update');
