"""Copies of an installation that can be proved: taken while it runs, restored, rehearsed. May import everything below the app."""
