-- A preliminary report stays out of the study, where whoever may see images would read it: its rendering is kept here.

alter table report_versions add column pdf bytea;
