-- The same bytes may be held twice under one identifier: every key is kept until its bytes are gone.
alter table erased_objects add column other_keys text[] not null default '{}';
