-- Share links: one study for one person, until a date, a number of times, with a code given by another way.

create table shares (
    tenant uuid not null default current_tenant(),
    share_id uuid not null,
    study_uid text collate "C" not null,
    patient_id uuid not null,
    recipient_name text not null,
    recipient_kind text collate "C" not null check (recipient_kind in ('patient', 'professional', 'relative')),
    scope text collate "C" not null check (scope in ('report', 'view', 'download')),
    token_sha256 bytea not null check (length(token_sha256) = 32),
    code_sha256 bytea not null check (length(code_sha256) = 32),
    state text collate "C" not null check (state in ('active', 'exhausted', 'locked', 'revoked', 'expired')),
    created_by uuid not null,
    created_by_name text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    most_opens integer not null check (most_opens between 1 and 50),
    opens integer not null default 0,
    wrong_codes integer not null default 0,
    last_opened_at timestamptz,
    ended_at timestamptz,
    ended_by_name text,
    version integer not null default 1,
    primary key (tenant, share_id)
);
create unique index shares_by_token on shares (tenant, token_sha256);
create index shares_by_study on shares (tenant, study_uid, created_at desc);
create index shares_by_patient on shares (tenant, patient_id, created_at desc);
create index shares_by_creator on shares (tenant, created_by, created_at desc);
select protect_table('shares', 'select, insert, update');
