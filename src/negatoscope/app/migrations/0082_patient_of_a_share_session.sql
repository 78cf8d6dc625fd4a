-- The patient whose study a share session opens: the study found to be another's is closed to it with the next request.
-- Sessions from before name nobody and open nothing more: their holders open the link anew.

alter table user_sessions add column shared_patient_id uuid;
