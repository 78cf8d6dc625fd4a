from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from negatoscope.archive.picture_cache import PictureCache

HERE, THERE = UUID(int=1), UUID(int=2)


def test_picture_of_one_tenant_is_not_anothers() -> None:
    cache = PictureCache(1000)
    cache.keep(HERE, "tag", b"x")
    assert cache.find(THERE, "tag") is None
    assert cache.find(HERE, "tag") == b"x"


def test_the_least_recently_asked_for_goes_first() -> None:
    cache = PictureCache(80)
    for tag in "abcdefgh":
        cache.keep(HERE, tag, bytes(10))
    assert cache.find(HERE, "a") is not None
    cache.keep(HERE, "i", bytes(10))
    assert cache.find(HERE, "b") is None
    assert cache.find(HERE, "a") is not None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60))))
def test_budget_holds(pictures: list[tuple[str, int]]) -> None:
    cache = PictureCache(200)
    for tag, size in pictures:
        cache.keep(HERE, tag, bytes(size))
    kept = [cache.find(HERE, tag) for tag in "abcdef"]
    assert sum(len(picture) for picture in kept if picture is not None) <= 200
