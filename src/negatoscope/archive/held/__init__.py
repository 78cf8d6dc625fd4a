"""Objects that are held back, in quarantine or in conflict, and what people decide about them. May import what the archive may."""
