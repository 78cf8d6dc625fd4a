-- How the objects of a modality are kept once their study is complete, and what is needed to give back their form as received.

create table recompression_rules (
    tenant uuid not null default current_tenant(),
    modality text collate "C" not null check (length(modality) between 1 and 16),
    codec text collate "C" not null check (codec in ('htj2k', 'jpeg_ls')),
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (tenant, modality)
);
select protect_table('recompression_rules', 'select, insert, update, delete');

-- head: preamble and file meta information. header: the elements before the pixel data, compressed; null when they are
-- those of the kept form. pixel_header: tag, representation and length of the pixel data. rest: what follows the last frame.
create table recompressed_objects (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    transfer_syntax_uid text collate "C" not null,
    sha256 text collate "C" not null,
    size bigint not null,
    blob_key text collate "C" not null,
    head bytea not null,
    header bytea,
    pixel_header bytea not null,
    rest bytea not null,
    recompressed_at timestamptz not null,
    primary key (tenant, sop_instance_uid)
) partition by hash (sop_instance_uid);
do $$
begin
    for part in 0..15 loop
        execute format('create table recompressed_objects_%s partition of recompressed_objects for values with (modulus 16, remainder %s)', part, part);
    end loop;
end
$$;
create index recompressed_objects_by_time on recompressed_objects (tenant, recompressed_at);
select protect_table('recompressed_objects', 'select, insert, delete');
