"""The test client of the web framework, imported past its warning about a rename of its HTTP library."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Starlette 1.10 asks for httpx2, a rename of httpx that nothing else here needs.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

__all__ = ["TestClient"]
