-- Which master keys seal what this database knows of: a start without one of them is refused, never papered over.
create table keyring_keys (
    identifier text collate "C" primary key,
    noted_at timestamptz not null default now()
);

-- The administrators' page reads who works.
grant select on job_executors to negatoscope_application;

-- A parked fact that was digested after all goes; it is locked meanwhile.
grant update, delete on event_faults to negatoscope_application;

-- A reaction that failed waits longer each time before it tries again.
alter table event_cursors add column next_try_at timestamptz not null default '-infinity';
