"""Exposure of patients: one row for each irradiation, its units made right, beside the national reference levels.

May import orders, archive, patients, access, audit, formats and platform.
"""
