"""Synthetic radiographs: drawn anatomy, X-ray physics, complete DICOM objects. May import `formats` and `platform.errors`."""
