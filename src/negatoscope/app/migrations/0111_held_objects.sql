-- What a person decided about an object that is held back. Nothing leaves these tables by a decision: what was made current
-- stands in its place as the object that was current before.

alter table instance_conflicts
    add column settlement text check (settlement in ('first_kept', 'made_current', 'replaced', 'dismissed')),
    add column settled_by text,
    add column settlement_reason text;

alter table quarantine
    add column state text not null default 'waiting' check (state in ('waiting', 'release_proposed', 'released', 'dismissed')),
    add column proposed_by uuid,
    add column proposal_reason text,
    add column settled_at timestamptz,
    add column settled_by text,
    add column settlement_reason text,
    add column version integer not null default 1;
create index quarantine_open on quarantine (tenant, received_at desc, quarantine_id)
    where state in ('waiting', 'release_proposed');
