-- An AE title is no proof: a device may be bound to a certificate, be reached over TLS, and name the person at it.

alter table devices
    add column certificate_sha256 text collate "C" check (certificate_sha256 ~ '^[0-9a-f]{64}$'),
    add column uses_tls boolean not null default false,
    add column asks_user boolean not null default false;
