"""DICOM bytes: the gate that judges them, files, DICOM JSON, pixels, grey scale, rendering.

May import: ``negatoscope.platform.errors``, pydicom, NumPy, imagecodecs, Pillow, orjson. Pure functions of bytes and arrays.
"""
