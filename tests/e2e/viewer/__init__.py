"""The viewer alone in a real Chromium, before a small DICOMweb server that serves what a test built."""
