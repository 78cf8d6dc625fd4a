-- One row for each irradiation; several images of one irradiation share its event UID and count once.

create table exposures (
    tenant uuid not null default current_tenant(),
    event_uid text collate "C" not null,
    study_uid text collate "C" not null,
    sop_instance_uid text collate "C" not null,
    irradiated_at timestamptz,
    station_name text not null,
    equipment text not null,
    body_part text collate "C" not null,
    view_position text collate "C" not null,
    laterality text collate "C" not null,
    protocol_name text not null,
    kvp_kv numeric,
    exposure_mas numeric,
    dose_area_product_mgy_cm2 numeric,
    entrance_dose_mgy numeric,
    exposure_index numeric,
    target_exposure_index numeric,
    deviation_index numeric,
    flags text[] not null,
    source text collate "C" not null,
    recorded_at timestamptz not null,
    primary key (tenant, event_uid)
);
create index exposures_of_study on exposures (tenant, study_uid);
create index exposures_by_time on exposures (tenant, recorded_at desc, event_uid desc);
select protect_table('exposures', 'select, insert');
