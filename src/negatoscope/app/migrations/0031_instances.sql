-- One row an instance, in 16 parts by hash of the UID, because uniqueness must hold across all parts. No foreign key to
-- the series: its check would lock the row of the series against each parallel association.

create table instances (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    study_uid text collate "C" not null,
    series_uid text collate "C" not null,
    sop_class_uid text collate "C" not null,
    transfer_syntax_uid text collate "C" not null,
    instance_number integer,
    pixels jsonb,
    data_set_offset integer not null,
    header_end bigint not null,
    pixel_tag bigint,
    pixel_offset bigint,
    pixel_length bigint,
    frame_index bytea,
    warnings text[] not null default '{}',
    source text not null,
    received_at timestamptz not null,
    blob_key text collate "C" not null,
    blob_size bigint not null,
    blob_sha256 text collate "C" not null,
    blob_wrapped_key bytea not null,
    primary key (tenant, sop_instance_uid)
) partition by hash (sop_instance_uid);
do $$
begin
    for part in 0..15 loop
        execute format('create table instances_%s partition of instances for values with (modulus 16, remainder %s)', part, part);
    end loop;
end
$$;
create index instances_by_series on instances (tenant, study_uid, series_uid, received_at);
select protect_table('instances', 'select, insert, update');
