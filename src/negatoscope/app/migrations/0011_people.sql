-- People who sign in, their second factor, their sessions, their tokens, and the attempts that are counted against guessing.

create table users (
    tenant uuid not null default current_tenant(),
    user_id uuid not null,
    login text collate "C" not null check (login = lower(login) and length(login) between 1 and 64),
    display_name text not null,
    password_hash text collate "C",
    password_changed_at timestamptz,
    professional_identifier text collate "C",
    language text collate "C" check (language in ('fr', 'en')),
    theme text collate "C" check (theme in ('light', 'dark', 'reading-room')),
    roles text[] collate "C" not null,
    patient_id uuid,
    disabled_at timestamptz,
    totp_wrapped_secret bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint,
    created_at timestamptz not null default now(),
    version integer not null default 1,
    primary key (tenant, user_id),
    unique (tenant, login)
);
select protect_table('users', 'select, insert, update');

create table user_sessions (
    tenant uuid not null default current_tenant(),
    session_id uuid not null,
    token_sha256 bytea not null check (length(token_sha256) = 32),
    user_id uuid,
    share_id uuid,
    holder_name text,
    study_uids text[] collate "C" not null default '{}',
    limited_to text[] collate "C",
    auth_level text collate "C" not null,
    authenticated_at timestamptz not null,
    started_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    address text collate "C",
    user_agent text,
    revoked_at timestamptz,
    revoked_because text collate "C",
    primary key (tenant, session_id),
    foreign key (tenant, user_id) references users (tenant, user_id),
    check ((user_id is null) <> (share_id is null))
);
create unique index user_sessions_by_token on user_sessions (tenant, token_sha256);
create index user_sessions_by_user on user_sessions (tenant, user_id) where revoked_at is null;
create index user_sessions_by_share on user_sessions (tenant, share_id) where revoked_at is null;
select protect_table('user_sessions', 'select, insert, update, delete');

create table api_tokens (
    tenant uuid not null default current_tenant(),
    token_id text collate "C" not null,
    user_id uuid not null,
    title text not null,
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    scopes text[] collate "C",
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant, token_id),
    foreign key (tenant, user_id) references users (tenant, user_id)
);
create index api_tokens_by_user on api_tokens (tenant, user_id);
select protect_table('api_tokens', 'select, insert, update');

-- Failed proofs of identity, counted by account and by address (the kind says which), forgotten after a day.
create table failed_proofs (
    tenant uuid not null default current_tenant(),
    kind text collate "C" not null,
    value text collate "C" not null,
    failures integer not null,
    last_at timestamptz not null,
    locked_until timestamptz,
    primary key (tenant, kind, value)
);
select protect_table('failed_proofs', 'select, insert, update, delete');
