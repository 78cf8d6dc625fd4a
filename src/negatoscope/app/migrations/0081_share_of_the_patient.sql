-- A share session whose holder is the patient: an opposition to sharing with third parties does not close it.

alter table user_sessions add column patient_id uuid;
