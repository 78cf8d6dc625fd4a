-- What a written disc was made of, told in one digest: when it is another, the disc is given no more.
alter table disc_files add column standing text collate "C" not null default '';
create index discs_naming on discs using gin (study_uids) where state = 'ready';
