-- Imports of discs, folders and ZIPs: what became of each file, and the ZIPs that wait to be read.

create table imports (
    tenant uuid not null default current_tenant(),
    import_id uuid not null,
    state text collate "C" not null check (state in ('receiving', 'waiting', 'reading', 'done', 'failed')),
    title text not null,
    fingerprint text collate "C",
    started_by uuid,
    started_by_name text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    files integer not null default 0,
    primary key (tenant, import_id)
);
create index imports_by_start on imports (tenant, started_at desc, import_id desc);
create index imports_by_fingerprint on imports (tenant, fingerprint) where fingerprint is not null;
select protect_table('imports', 'select, insert, update');

create table import_files (
    tenant uuid not null default current_tenant(),
    import_id uuid not null,
    name text not null,
    verdict text collate "C" not null
        check (verdict in ('stored', 'duplicate', 'conflict', 'quarantined', 'refused', 'skipped')),
    reason text collate "C",
    study_uid text collate "C",
    primary key (tenant, import_id, name)
);
create index import_files_by_study on import_files (tenant, import_id, study_uid);
select protect_table('import_files', 'select, insert, update');

create table import_archives (
    tenant uuid not null default current_tenant(),
    import_id uuid not null,
    number integer not null,
    name text not null,
    blob_key text collate "C" not null,
    blob_size bigint not null,
    blob_sha256 text collate "C" not null,
    blob_wrapped_key bytea not null,
    primary key (tenant, import_id, number)
);
create index import_archives_by_key on import_archives (tenant, blob_key);
select protect_table('import_archives', 'select, insert, delete');
