"""Objects that are not to be used, with the note that says so (IHE IOCM). May import what the archive may."""
