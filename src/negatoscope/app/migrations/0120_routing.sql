-- Routing: which objects leave for where by themselves, and how far each transfer has come.

-- Archives and viewers reached over DICOMweb. sealed: the password or token, under a key that the keyring wraps.
create table dicomweb_servers (
    tenant uuid not null default current_tenant(),
    server_id uuid not null,
    name text not null check (length(name) between 1 and 64),
    base_url text collate "C" not null,
    login text not null,
    sealed bytea,
    wrapped_key bytea,
    disabled_at timestamptz,
    version integer not null default 1,
    primary key (tenant, server_id),
    unique (tenant, name),
    check ((sealed is null) = (wrapped_key is null))
);
select protect_table('dicomweb_servers', 'select, insert, update');

create table routing_rules (
    tenant uuid not null default current_tenant(),
    rule_id uuid not null,
    name text not null check (length(name) between 1 and 100),
    is_enabled boolean not null,
    content jsonb not null,
    changed_at timestamptz not null,
    changed_by text not null,
    version integer not null default 1,
    primary key (tenant, rule_id),
    unique (tenant, name)
);
select protect_table('routing_rules', 'select, insert, update');

-- Every version of a rule that ever held: who made it, when, and what it said.
create table routing_rule_versions (
    tenant uuid not null default current_tenant(),
    rule_id uuid not null,
    version integer not null,
    name text not null,
    is_enabled boolean not null,
    content jsonb not null,
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (tenant, rule_id, version),
    foreign key (tenant, rule_id) references routing_rules (tenant, rule_id)
);
select protect_table('routing_rule_versions', 'select, insert');

-- One row a rule and study, or a rule and series where the rule waits for series (series_uid is empty otherwise).
create table transfers (
    tenant uuid not null default current_tenant(),
    transfer_id uuid not null,
    rule_id uuid not null,
    study_uid text collate "C" not null,
    series_uid text collate "C" not null default '',
    state text collate "C" not null check (state in ('waiting', 'queued', 'sent', 'parked', 'dismissed')),
    attempts integer not null default 0,
    round integer not null default 1,
    last_reason text not null default '',
    dismissed_because text not null default '',
    notice_sha256 text collate "C" not null default '',
    created_at timestamptz not null,
    last_attempt_at timestamptz,
    next_attempt_at timestamptz,
    sent_at timestamptz,
    version integer not null default 1,
    primary key (tenant, transfer_id),
    unique (tenant, rule_id, study_uid, series_uid),
    foreign key (tenant, rule_id) references routing_rules (tenant, rule_id)
);
create index transfers_by_time on transfers (tenant, created_at, transfer_id);
create index transfers_of_study on transfers (tenant, study_uid);
create index transfers_waiting on transfers (tenant, rule_id) where state = 'waiting';
create index transfers_parked on transfers (tenant, created_at, transfer_id) where state = 'parked';
select protect_table('transfers', 'select, insert, update');

-- What each transfer carries, object by object. failure: why the last attempt could not bring it there.
create table transferred_objects (
    tenant uuid not null default current_tenant(),
    transfer_id uuid not null,
    sop_instance_uid text collate "C" not null,
    state text collate "C" not null check (state in ('due', 'sent', 'failed')),
    failure text collate "C" not null default '',
    at timestamptz not null,
    primary key (tenant, transfer_id, sop_instance_uid)
) partition by hash (transfer_id);
do $$
begin
    for part in 0..15 loop
        execute format(
            'create table transferred_objects_%s partition of transferred_objects for values with (modulus 16, remainder %s)',
            part, part);
    end loop;
end
$$;
select protect_table('transferred_objects', 'select, insert, update, delete');
