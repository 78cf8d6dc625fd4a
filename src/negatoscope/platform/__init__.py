"""Database, blobs, jobs, events, clock, settings, logs: knows nothing of radiology. May import nothing of ours."""
