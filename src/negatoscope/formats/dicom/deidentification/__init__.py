"""Take the identity out of data sets (PS3.15 annex E): bytes to bytes, no disk and no socket. May import formats.dicom and platform.errors."""
