"""The images: receive, index, find, open, keep, verify. May import patients, access, audit, formats and platform."""
