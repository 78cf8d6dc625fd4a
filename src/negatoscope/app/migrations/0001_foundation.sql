-- Roles, tenants, row-level security, the event log and its cursors.

do $$
begin
    if not exists (select from pg_roles where rolname = 'negatoscope_application') then
        create role negatoscope_application nologin;
    end if;
    execute format('grant negatoscope_application to %I', current_user);
end
$$;

grant usage on schema public to negatoscope_application;

create function current_tenant() returns uuid
    language sql stable parallel safe
    return current_setting('app.tenant')::uuid;

-- Enable row-level security on a table that has a column "tenant", and grant the application role these privileges.
create function protect_table(table_name text, privileges text) returns void
    language plpgsql as $$
begin
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
        'create policy tenant_isolation on %I to negatoscope_application using (tenant = current_tenant()) with check (tenant = current_tenant())',
        table_name);
    execute format('create policy maintenance on %I to %I using (true) with check (true)', table_name, current_user);
    execute format('grant %s on %I to negatoscope_application', privileges, table_name);
end
$$;

-- Make the monthly partitions of a table that is partitioned by range of a timestamptz, from last month to two years ahead.
-- The children inherit nothing of row-level security, and the application role has no privilege on them: they are
-- reached through the parent alone.
create function ensure_month_partitions(table_name text) returns void
    language plpgsql as $$
declare
    first_day timestamptz;
    part text;
begin
    for month in -1..24 loop
        first_day := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
        first_day := ((first_day at time zone 'UTC') + make_interval(months => month)) at time zone 'UTC';
        part := format('%s_%s', table_name, to_char(first_day at time zone 'UTC', 'YYYY_MM'));
        if to_regclass(quote_ident(part)) is null then
            execute format(
                'create table %I partition of %I for values from (%L) to (%L)',
                part, table_name, first_day, ((first_day at time zone 'UTC') + interval '1 month') at time zone 'UTC');
        end if;
    end loop;
    part := format('%s_other', table_name);
    if to_regclass(quote_ident(part)) is null then
        execute format('create table %I partition of %I default', part, table_name);
    end if;
end
$$;

create table tenants (
    tenant uuid primary key,
    name text not null unique,
    created_at timestamptz not null default now()
);
grant select on tenants to negatoscope_application;

-- transaction_id lets a reader stop before the oldest transaction still running, so that nothing committed late is skipped.
create table events (
    tenant uuid not null default current_tenant(),
    sequence bigint generated always as identity,
    transaction_id xid8 not null default pg_current_xact_id(),
    at timestamptz not null default now(),
    kind text collate "C" not null,
    subject text collate "C" not null,
    payload jsonb not null,
    primary key (at, sequence)
) partition by range (at);
create index events_order on events (tenant, transaction_id, sequence);
select ensure_month_partitions('events');
select protect_table('events', 'select, insert');

create table event_cursors (
    tenant uuid not null default current_tenant(),
    reaction text collate "C" not null,
    transaction_id xid8 not null,
    sequence bigint not null,
    failures integer not null default 0,
    primary key (tenant, reaction)
);
select protect_table('event_cursors', 'select, insert, update');

-- An event that a reaction could not digest after several attempts: kept for a person, so that the others go on.
create table event_faults (
    tenant uuid not null default current_tenant(),
    reaction text collate "C" not null,
    event_sequence bigint not null,
    kind text collate "C" not null,
    subject text collate "C" not null,
    payload jsonb not null,
    error text not null,
    at timestamptz not null default now(),
    primary key (tenant, reaction, event_sequence)
);
select protect_table('event_faults', 'select, insert');
