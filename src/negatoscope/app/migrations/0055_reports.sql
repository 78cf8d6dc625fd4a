-- Reports being written, and their signed versions, which never change.

create table reports (
    tenant uuid not null default current_tenant(),
    report_id uuid not null,
    study_uid text collate "C" not null,
    patient_id uuid not null,
    state text collate "C" not null,
    language text collate "C" not null,
    author_id uuid not null,
    author_name text not null,
    body jsonb not null,
    saved_by text not null,
    saved_at timestamptz not null,
    version integer not null default 1,
    primary key (tenant, report_id),
    unique (tenant, study_uid)
);
select protect_table('reports', 'select, insert, update');

create table report_versions (
    tenant uuid not null default current_tenant(),
    version_id uuid not null,
    report_id uuid not null,
    study_uid text collate "C" not null,
    patient_id uuid not null,
    number integer not null,
    status text collate "C" not null,
    language text collate "C" not null,
    body jsonb not null,
    content_sha256 text collate "C" not null,
    previous_sha256 text collate "C" not null,
    pdf_sha256 text collate "C" not null,
    pdf_size bigint not null,
    series_uid text collate "C" not null,
    sop_instance_uid text collate "C" not null,
    signer_id uuid not null,
    signer_name text not null,
    signer_identifier text not null,
    auth_level text collate "C" not null,
    signed_at timestamptz not null,
    discrepancy text collate "C",
    primary key (tenant, version_id),
    unique (tenant, report_id, number),
    foreign key (tenant, report_id) references reports (tenant, report_id)
);
create index report_versions_of_study on report_versions (tenant, study_uid, number);
select protect_table('report_versions', 'select, insert');

-- The privileges above forbid changes to the application; this forbids them to everybody, the owner included.
create function refuse_change() returns trigger
    language plpgsql as $$
begin
    raise exception 'a signed report never changes';
end
$$;
create trigger report_versions_never_change before update or delete on report_versions
    for each row execute function refuse_change();
