"""The campaign of the large object in short: 105 MB through each door and back without the memory for it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.servers import negatoscope
from tests.campaigns.large_object import measure, table, write_large_object

FRAMES = 200
MOST_GROWTH_BYTES = 40_000_000


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nego-large-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_an_object_of_105_mb_goes_in_and_out_without_growing_the_memory(folder: Path) -> None:
    with negatoscope(folder / "data") as server:
        steps = list(measure(server, lambda seed: write_large_object(folder / f"{seed}.dcm", frames=FRAMES, seed=seed), folder))
    assert all(step.is_right for step in steps), table({"ours": steps})
    assert all(step.growth_bytes < MOST_GROWTH_BYTES for step in steps), table({"ours": steps})
