-- A rule sends what comes from when it is switched on: an old study whose patient is corrected stays where it is.
alter table routing_rules add column on_since timestamptz;
update routing_rules set on_since = changed_at where is_enabled;
