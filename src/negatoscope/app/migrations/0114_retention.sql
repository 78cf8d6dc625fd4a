-- What the time of keeping has run out for, who let it go, and what is left of it: a tombstone for each object and a
-- certificate. A hold keeps a study, or all studies of a patient, whatever the rule says.

create table legal_holds (
    tenant uuid not null default current_tenant(),
    hold_id uuid not null,
    patient_id uuid,
    study_uid text collate "C",
    reason text not null,
    placed_by text not null,
    placed_at timestamptz not null,
    lifted_by text,
    lifted_at timestamptz,
    lift_reason text,
    primary key (tenant, hold_id),
    check ((patient_id is null) <> (study_uid is null))
);
create index legal_holds_of_patient on legal_holds (tenant, patient_id) where lifted_at is null and patient_id is not null;
create index legal_holds_of_study on legal_holds (tenant, study_uid) where lifted_at is null and study_uid is not null;
select protect_table('legal_holds', 'select, insert, update');

create table erasures (
    tenant uuid not null default current_tenant(),
    erasure_id uuid not null,
    study_uid text collate "C" not null,
    patient_id uuid not null,
    state text not null check (state in ('proposed', 'approved_first', 'approved', 'erasing', 'erased', 'refused')),
    rule text not null,
    due_on date not null,
    proposed_at timestamptz not null,
    first_by uuid,
    first_name text,
    first_at timestamptz,
    first_reason text,
    second_by uuid,
    second_name text,
    second_at timestamptz,
    second_reason text,
    refused_name text,
    refused_at timestamptz,
    refusal_reason text,
    erased_at timestamptz,
    certificate jsonb,
    certificate_sha256 text,
    version integer not null default 1,
    primary key (tenant, erasure_id),
    check (first_by is null or second_by is null or first_by <> second_by),
    check (state not in ('approved', 'erasing', 'erased') or (first_by is not null and second_by is not null))
);
create unique index erasures_open on erasures (tenant, study_uid) where state in ('proposed', 'approved_first', 'approved', 'erasing');
create index erasures_by_time on erasures (tenant, proposed_at desc, erasure_id);
create index erasures_of_study on erasures (tenant, study_uid);
select protect_table('erasures', 'select, insert, update');

create table erased_objects (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    sha256 text collate "C" not null,
    erasure_id uuid not null,
    study_uid text collate "C" not null,
    sop_class_uid text collate "C" not null,
    size bigint not null,
    blob_key text collate "C",
    erased_at timestamptz not null,
    allowed_at timestamptz,
    primary key (tenant, sop_instance_uid, sha256)
);
create index erased_objects_of on erased_objects (tenant, erasure_id) where blob_key is not null;
create index erased_objects_of_study on erased_objects (tenant, study_uid);
select protect_table('erased_objects', 'select, insert, update');

grant delete on instances, instance_conflicts, quarantine, recompressed_objects to negatoscope_application;
