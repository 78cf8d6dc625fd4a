-- Runs of models on studies, and what they point at. One run for each study, model, version and set of images.

create table ai_runs (
    tenant uuid not null default current_tenant(),
    run_id uuid not null,
    study_uid text collate "C" not null,
    model_name text collate "C" not null,
    model_version text collate "C" not null,
    model_sha256 text collate "C" not null,
    engine text collate "C" not null,
    input_digest text collate "C" not null,
    state text collate "C" not null,
    reason text collate "C" not null,
    probabilities jsonb not null,
    requested_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz,
    inference_ms integer,
    version integer not null default 1,
    primary key (tenant, run_id),
    unique (tenant, study_uid, model_name, model_version, input_digest)
);
create index ai_runs_by_time on ai_runs (tenant, requested_at desc, run_id desc);
select protect_table('ai_runs', 'select, insert, update');

create table ai_findings (
    tenant uuid not null default current_tenant(),
    finding_id uuid not null,
    run_id uuid not null,
    study_uid text collate "C" not null,
    label text collate "C" not null,
    titles jsonb not null,
    probability double precision not null,
    threshold double precision not null,
    critical boolean not null,
    region jsonb,
    sop_instance_uid text collate "C" not null,
    frame integer not null,
    model text not null,
    status text collate "C" not null,
    judged_by_id uuid,
    judged_by text not null,
    judged_at timestamptz,
    version integer not null default 1,
    primary key (tenant, finding_id),
    foreign key (tenant, run_id) references ai_runs (tenant, run_id)
);
create index ai_findings_of_study on ai_findings (tenant, study_uid);
select protect_table('ai_findings', 'select, insert, update');
