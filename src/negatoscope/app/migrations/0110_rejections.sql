-- Which objects are rejected, by which note and why. A row may name an object that has not come yet: it applies when it
-- comes. A note that is revoked stays, with who revoked it and why. A series counts its changes of what is shown, so that a
-- metadata block made before such a change is never taken for one made after it.

create table rejections (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    note_uid text collate "C" not null,
    study_uid text collate "C" not null,
    series_uid text collate "C" not null,
    title text collate "C" not null check (title in ('113001', '113037', '113038', '113039')),
    explanation text not null,
    source text not null,
    rejected_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by text,
    revocation_reason text,
    primary key (tenant, sop_instance_uid, note_uid),
    check ((revoked_at is null) = (revoked_by is null) and (revoked_at is null) = (revocation_reason is null))
);
create index rejections_in_force on rejections (tenant, sop_instance_uid, study_uid, title) where revoked_at is null;
create index rejections_of_study on rejections (tenant, study_uid) where revoked_at is null;
create index rejections_by_note on rejections (tenant, note_uid);
create index rejections_by_time on rejections (tenant, rejected_at desc, note_uid);
select protect_table('rejections', 'select, insert, update');

alter table series add column revision integer not null default 0;
alter table series_metadata add column revision integer not null default 0;
