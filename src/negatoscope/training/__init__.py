"""Reading sessions on known cases of the archive, without identity, with and without the models.

May import reading, reporting, ai, dose, orders, archive, patients, access, audit, formats and platform.
"""
