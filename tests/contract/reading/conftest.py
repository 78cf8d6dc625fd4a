"""The web application over a fresh tenant, for the screens of the reading room."""

from __future__ import annotations

from tests.contract.web.conftest import application, browser, program

__all__ = ["application", "browser", "program"]
