-- Devices and neighbouring systems: what they are called, from where they may speak, what they may ask.

create table devices (
    tenant uuid not null default current_tenant(),
    device_id uuid not null,
    ae_title text collate "C" not null check (length(ae_title) between 1 and 16),
    description text not null,
    addresses text[] collate "C" not null,
    services text[] collate "C" not null,
    host text collate "C",
    port integer check (port between 1 and 65535),
    disabled_at timestamptz,
    version integer not null default 1,
    primary key (tenant, device_id),
    unique (tenant, ae_title)
);
select protect_table('devices', 'select, insert, update');
