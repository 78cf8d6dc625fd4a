"""Reports: drafts, signatures, versions that never change, addenda, and their rendering as PDF.

May import ai, dose, orders, archive, patients, access, audit, formats and platform.
"""
