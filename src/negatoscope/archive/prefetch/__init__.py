"""Earlier examinations of a patient, fetched from other archives before they are needed. May import what the archive may."""
