"""Keep objects smaller without loss, by modality, and give back the form as received. May import what the archive may."""
