-- Who runs jobs and was last seen when, and how often each attempt was taken over: read and written by the owner alone.

create table job_executors (
    executor_id text collate "C" primary key,
    seen_at timestamptz not null
);

create table job_takeovers (
    workflow_id text collate "C" primary key,
    takeovers integer not null
);
