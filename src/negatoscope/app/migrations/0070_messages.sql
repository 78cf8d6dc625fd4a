-- HL7 messages received, and deliveries to other systems.

-- sealed: the message as it came, encrypted under a key of its own that the keyring wraps (wrapped_key).
create table received_messages (
    tenant uuid not null default current_tenant(),
    message_id uuid not null,
    sender text collate "C" not null,
    control_id text collate "C" not null,
    content_sha256 text collate "C" not null,
    message_type text collate "C" not null,
    address text not null,
    received_at timestamptz not null,
    attempts integer not null default 1,
    code text collate "C" not null check (code in ('AA', 'AE', 'AR')),
    condition text collate "C" not null,
    location text collate "C" not null,
    sentence text not null,
    answer bytea not null,
    order_ids uuid[] not null,
    size integer not null,
    sealed bytea not null,
    wrapped_key bytea not null,
    primary key (tenant, message_id),
    unique (tenant, sender, control_id, content_sha256)
);
create index received_messages_by_time on received_messages (tenant, received_at, message_id);
select protect_table('received_messages', 'select, insert, update');

create table deliveries (
    tenant uuid not null default current_tenant(),
    delivery_id uuid not null,
    kind text collate "C" not null,
    destination text collate "C" not null,
    report_version_id uuid not null,
    study_uid text collate "C" not null,
    patient_id uuid not null,
    order_id uuid,
    state text collate "C" not null check (state in ('queued', 'delivered', 'parked', 'cancelled')),
    attempts integer not null default 0,
    round integer not null default 1,
    last_reason text not null default '',
    created_at timestamptz not null,
    last_attempt_at timestamptz,
    delivered_at timestamptz,
    version integer not null default 1,
    primary key (tenant, delivery_id),
    unique (tenant, report_version_id, destination)
);
create index deliveries_by_time on deliveries (tenant, created_at, delivery_id);
create index deliveries_open on deliveries (tenant, created_at) where state in ('queued', 'parked');
select protect_table('deliveries', 'select, insert, update');

-- What the receiver answered, each time.
create table delivery_receipts (
    tenant uuid not null default current_tenant(),
    delivery_id uuid not null,
    sequence bigint generated always as identity,
    at timestamptz not null,
    outcome text collate "C" not null,
    detail text not null,
    primary key (tenant, delivery_id, sequence),
    foreign key (tenant, delivery_id) references deliveries (tenant, delivery_id)
);
select protect_table('delivery_receipts', 'select, insert');
