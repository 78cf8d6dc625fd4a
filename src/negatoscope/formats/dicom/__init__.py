"""DICOM bytes: the gate that judges them, files, DICOM JSON, pixels, grey scale, rendering.

May import: ``negatoscope.platform.errors``, pydicom, NumPy, imagecodecs, Pillow, orjson. Pure functions of bytes and arrays.
"""

import pydicom.config

# The gate has judged what we read; values that break a rule of form are shown as they are, not warned about one by one.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
