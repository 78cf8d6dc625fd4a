-- Who cares for whom: care relations, broken glass, and what a patient objects to.

create table care_relations (
    tenant uuid not null default current_tenant(),
    user_id uuid not null,
    patient_id uuid not null,
    source text collate "C" not null,
    since timestamptz not null default now(),
    until timestamptz not null,
    primary key (tenant, user_id, patient_id, source),
    foreign key (tenant, user_id) references users (tenant, user_id)
);
create index care_relations_by_patient on care_relations (tenant, patient_id);
select protect_table('care_relations', 'select, insert, update');

create table broken_glass (
    tenant uuid not null default current_tenant(),
    broken_glass_id uuid not null,
    user_id uuid not null,
    patient_id uuid not null,
    reason_code text collate "C" not null,
    explanation text not null check (length(explanation) >= 20),
    broken_at timestamptz not null,
    until timestamptz not null,
    reviewed_at timestamptz,
    reviewed_by uuid,
    primary key (tenant, broken_glass_id),
    foreign key (tenant, user_id) references users (tenant, user_id)
);
create index broken_glass_by_user on broken_glass (tenant, user_id, patient_id, until);
create index broken_glass_to_review on broken_glass (tenant, broken_at) where reviewed_at is null;
select protect_table('broken_glass', 'select, insert, update');

-- A row with a person objects to that person; a row without objects to every share with third parties.
create table oppositions (
    tenant uuid not null default current_tenant(),
    opposition_id uuid not null,
    patient_id uuid not null,
    user_id uuid,
    since timestamptz not null,
    withdrawn_at timestamptz,
    primary key (tenant, opposition_id)
);
create index oppositions_by_patient on oppositions (tenant, patient_id) where withdrawn_at is null;
select protect_table('oppositions', 'select, insert, update');
