"""Objects: bytes kept encrypted in a folder or an S3-compatible store, behind one port. May import nothing of ours but platform."""

from negatoscope.platform.blobs.opening import open_blob_store
from negatoscope.platform.blobs.port import BlobReader, BlobRef, BlobStore, BlobWriter

__all__ = ["BlobReader", "BlobRef", "BlobStore", "BlobWriter", "open_blob_store"]
