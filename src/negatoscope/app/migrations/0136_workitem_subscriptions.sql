-- Who follows workitems, on which wire, and what each is still to be told.

create table workitem_subscribers (
    tenant uuid not null default current_tenant(),
    subscriber_id uuid not null,
    ae_title text collate "C" not null check (length(ae_title) between 1 and 16),
    wire text not null check (wire in ('dimse', 'websocket')),
    user_id uuid,
    is_global boolean not null default false,
    deletion_lock boolean not null default false,
    matching_keys jsonb,
    created_at timestamptz not null,
    primary key (tenant, subscriber_id),
    unique (tenant, ae_title, wire),
    check ((wire = 'websocket') = (user_id is not null)),
    check (is_global or (matching_keys is null and not deletion_lock))
);
create index workitem_subscribers_global on workitem_subscribers (tenant, subscriber_id) where is_global;
select protect_table('workitem_subscribers', 'select, insert, update, delete');

create table workitem_subscriptions (
    tenant uuid not null default current_tenant(),
    sop_instance_uid text collate "C" not null,
    subscriber_id uuid not null,
    deletion_lock boolean not null,
    primary key (tenant, sop_instance_uid, subscriber_id),
    foreign key (tenant, sop_instance_uid) references workitems (tenant, sop_instance_uid),
    foreign key (tenant, subscriber_id) references workitem_subscribers (tenant, subscriber_id) on delete cascade
);
create index workitem_subscriptions_of on workitem_subscriptions (tenant, subscriber_id, sop_instance_uid);
select protect_table('workitem_subscriptions', 'select, insert, update, delete');

-- sequence: the order in which one subscriber is told; reports of one workitem are made while its row is locked.
create table workitem_reports (
    tenant uuid not null default current_tenant(),
    sequence bigint generated always as identity,
    subscriber_id uuid not null,
    sop_instance_uid text collate "C" not null,
    report_type integer not null check (report_type between 1 and 5),
    content jsonb not null,
    created_at timestamptz not null,
    delivered_at timestamptz,
    primary key (tenant, sequence),
    foreign key (tenant, subscriber_id) references workitem_subscribers (tenant, subscriber_id) on delete cascade
);
create index workitem_reports_open on workitem_reports (tenant, subscriber_id, sequence) where delivered_at is null;
create index workitem_reports_by_age on workitem_reports (tenant, created_at);
select protect_table('workitem_reports', 'select, insert, update, delete');
