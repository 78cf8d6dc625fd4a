"""Discs, folders and ZIPs that come in: what is on them, what became of each file. May import what the archive may."""
