"""Unified procedure steps (PS3.4 annex CC): the department's worklist for machines. May import archive and below."""
