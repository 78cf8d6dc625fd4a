"""Models that look at images: which may run, their runs, their findings, and what physicians thought of them.

A model orders, points and explains; it never signs, hides or lowers. May import dose, orders, archive, patients,
access, audit, formats and platform.
"""
