"""Builds the whole product from its settings and runs it: command line, processes, wiring. May import everything."""
