"""Only addresses of our own are gone back to."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.web.preferences import local_path


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[/\\]{1,3}[a-z.:@]{1,12}[/\\?#]?[a-z]{0,5}", fullmatch=True)))
def test_going_back_never_leaves_the_site(target: str) -> None:
    destination = urljoin("https://here.example/page", local_path(target))
    assert urlsplit(destination).netloc == "here.example"
    assert "\\" not in local_path(target)[:2]


def test_a_path_with_its_filters_is_kept() -> None:
    assert local_path("/orders?state=received&q=d%C3%A9") == "/orders?state=received&q=d%C3%A9"
