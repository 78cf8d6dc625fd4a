"""Browsers by name."""

from __future__ import annotations

import pytest

from negatoscope.doors.web.browser_names import browser_name

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome, Linux"),
        (CHROME.replace("X11; Linux x86_64", "Windows NT 10.0") + " Edg/156.0", "Edge, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("curl/8.5", None),
        ("", None),
        (None, None),
    ],
)
def test_browser_is_called_by_its_name(user_agent: str | None, name: str | None) -> None:
    assert browser_name(user_agent) == name
