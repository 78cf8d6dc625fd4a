-- Reading sessions on known cases: what a reader answered before the signed report was shown.

create table training_sessions (
    tenant uuid not null default current_tenant(),
    session_id uuid not null,
    reader_id uuid not null,
    reader_name text not null,
    region text collate "C" not null,
    with_ai boolean not null,
    state text collate "C" not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    primary key (tenant, session_id)
);
create index training_sessions_of_reader on training_sessions (tenant, reader_id, started_at desc);
select protect_table('training_sessions', 'select, insert, update');

create table training_cases (
    tenant uuid not null default current_tenant(),
    case_id uuid not null,
    session_id uuid not null,
    number integer not null,
    study_uid text collate "C" not null,
    version_id uuid not null,
    truth text collate "C" not null,
    answer text collate "C" not null default '',
    free_answer text not null default '',
    answered_at timestamptz,
    primary key (tenant, case_id),
    unique (tenant, session_id, number),
    foreign key (tenant, session_id) references training_sessions (tenant, session_id)
);
create index training_cases_of_study on training_cases (tenant, study_uid);
select protect_table('training_cases', 'select, insert, update');

create index report_versions_by_time on report_versions (tenant, signed_at desc);
