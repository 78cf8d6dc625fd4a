-- Objects that did not become the current instance: refused by the gate, or other bytes under a known UID.

create table quarantine (
    tenant uuid not null default current_tenant(),
    quarantine_id uuid not null,
    reason text not null,
    study_uid text collate "C",
    series_uid text collate "C",
    sop_instance_uid text collate "C",
    sop_class_uid text collate "C",
    transfer_syntax_uid text collate "C",
    source text not null,
    received_at timestamptz not null,
    blob_key text collate "C" not null,
    blob_size bigint not null,
    blob_sha256 text collate "C" not null,
    blob_wrapped_key bytea not null,
    primary key (tenant, quarantine_id)
);
create index quarantine_by_time on quarantine (tenant, received_at desc, quarantine_id);
create unique index quarantine_once on quarantine (tenant, blob_sha256, reason);
select protect_table('quarantine', 'select, insert, update');

create table instance_conflicts (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    blob_sha256 text collate "C" not null,
    study_uid text collate "C" not null,
    series_uid text collate "C" not null,
    sop_class_uid text collate "C" not null,
    transfer_syntax_uid text collate "C" not null,
    source text not null,
    received_at timestamptz not null,
    settled_at timestamptz,
    blob_key text collate "C" not null,
    blob_size bigint not null,
    blob_wrapped_key bytea not null,
    primary key (tenant, sop_instance_uid, blob_sha256)
);
create index instance_conflicts_open on instance_conflicts (tenant, received_at) where settled_at is null;
select protect_table('instance_conflicts', 'select, insert, update');
