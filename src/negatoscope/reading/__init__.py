"""The reading list: what waits to be read, how urgent and why, who has it, and which prior studies help.

May import reporting, ai, dose, orders, archive, patients, access, audit, formats and platform.
"""
