-- Studies whose objects are given out as the archive knows them, not as they were sent: the patient is another, or objects
-- were moved here. The objects themselves stay as they came; what differs is worked out from the rows when one is given out.

create table corrected_studies (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    corrected_at timestamptz not null default now(),
    primary key (tenant, study_uid)
);
select protect_table('corrected_studies', 'select, insert, update');

-- Objects moved from one study to another: what was proposed, who confirmed it, and what takes it back.
create table moves (
    tenant uuid not null default current_tenant(),
    move_id uuid not null,
    state text not null check (state in ('proposed', 'applied', 'refused', 'undone')),
    from_study_uid text collate "C" not null,
    to_study_uid text collate "C" not null,
    to_patient_id uuid not null,
    reason text not null,
    proposed_by uuid not null,
    proposer_name text not null,
    proposed_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    undone_by text,
    undone_at timestamptz,
    undo_reason text,
    version integer not null default 1,
    primary key (tenant, move_id)
);
create index moves_by_time on moves (tenant, proposed_at desc, move_id);
create index moves_of_study on moves (tenant, from_study_uid);
select protect_table('moves', 'select, insert, update');

create table moved_objects (
    tenant uuid not null default current_tenant(),
    move_id uuid not null,
    sop_instance_uid text collate "C" not null,
    from_series_uid text collate "C" not null,
    to_series_uid text collate "C" not null,
    primary key (tenant, move_id, sop_instance_uid),
    foreign key (tenant, move_id) references moves (tenant, move_id)
);
select protect_table('moved_objects', 'select, insert');
