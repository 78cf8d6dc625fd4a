"""DICOMweb (PS3.18): STOW-RS, QIDO-RS, WADO-RS. May import the areas, formats and platform."""
