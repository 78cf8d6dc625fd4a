"""The web application over a fresh tenant, for the screens of the teaching sessions."""

from __future__ import annotations

from tests.contract.web.conftest import application, browser, program

__all__ = ["application", "browser", "program"]
