"""Studies as discs to take away: DICOM files with their directory and a page to look at. May import what the archive may."""
