-- What was computed from the objects and can be computed again: metadata blocks and small pictures.

create table series_metadata (
    tenant uuid not null default current_tenant(),
    study_uid text collate "C" not null,
    series_uid text collate "C" not null,
    instances integer not null,
    format integer not null,
    block bytea not null,
    primary key (tenant, study_uid, series_uid)
);
select protect_table('series_metadata', 'select, insert, update, delete');

create table renderings (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    frame integer not null,
    recipe text collate "C" not null,
    picture bytea not null,
    primary key (tenant, sop_instance_uid, frame, recipe)
);
select protect_table('renderings', 'select, insert, update, delete');
