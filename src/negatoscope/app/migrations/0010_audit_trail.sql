-- The trail: appended by the application, never changed by it. A sealer chains what was committed.

create table audit_entries (
    tenant uuid not null default current_tenant(),
    entry_id uuid not null default gen_random_uuid(),
    at timestamptz not null default clock_timestamp(),
    transaction_id xid8 not null default pg_current_xact_id(),
    actor_kind text collate "C" not null check (actor_kind in ('user', 'device', 'system', 'share')),
    actor_user_id uuid,
    actor_name text not null,
    actor_roles text[] collate "C" not null,
    actor_auth_level text collate "C" not null,
    actor_address text collate "C",
    action text collate "C" not null,
    outcome text collate "C" not null check (outcome in ('success', 'refused', 'failure')),
    patient_id uuid,
    study_uid text collate "C",
    objects jsonb not null,
    reason text,
    request_id text collate "C",
    primary key (at, entry_id)
) partition by range (at);
create index audit_entries_to_seal on audit_entries (tenant, transaction_id, entry_id);
create index audit_entries_by_patient on audit_entries (tenant, patient_id, at) where patient_id is not null;
create index audit_entries_by_study on audit_entries (tenant, study_uid, at) where study_uid is not null;
create index audit_entries_by_actor on audit_entries (tenant, actor_user_id, at) where actor_user_id is not null;
create index audit_entries_by_time on audit_entries (tenant, at);
select ensure_month_partitions('audit_entries');
select protect_table('audit_entries', 'select, insert');

-- One link for each sealed entry; written by the sealer alone.
create table audit_chain (
    tenant uuid not null default current_tenant(),
    sequence bigint not null,
    entry_id uuid not null,
    entry_at timestamptz not null,
    entry_hash bytea not null check (length(entry_hash) = 32),
    previous_hash bytea not null check (length(previous_hash) = 32),
    hash bytea not null check (length(hash) = 32),
    primary key (tenant, sequence)
);
create unique index audit_chain_by_entry on audit_chain (tenant, entry_id);
select protect_table('audit_chain', 'select');

-- Where each chain ends. Every entry whose transaction is older than sealed_below is sealed.
create table audit_heads (
    tenant uuid primary key default current_tenant(),
    sequence bigint not null,
    hash bytea not null check (length(hash) = 32),
    sealed_below xid8 not null,
    sealed_at timestamptz
);
select protect_table('audit_heads', 'select');
