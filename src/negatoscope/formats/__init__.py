"""Bytes to facts and back: DICOM, HL7 v2, CDA, FHIR, XDS. No disk, no socket, no clock.

May import: ``negatoscope.platform.errors``, the standard library and the codec and data set libraries. Nothing else of ours.
"""
