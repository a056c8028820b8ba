"""Rows for the exports are spread over a split."""

from pathlib import Path

import pytest

from models.exporting import rows
from testing.models import samples

pytestmark = pytest.mark.slow


def test_rows_are_spread_over_the_shards_and_never_more_than_asked(tmp_path: Path) -> None:
    samples.write_split(tmp_path, 12, seed=1)
    shards = sorted(map(str, tmp_path.iterdir()))  # Of six rows each.
    for count, found in ((0, 0), (4, 4), (5, 5), (12, 12), (100, 12)):
        got = rows.read(shards, 12, count, samples.SIDE)
        assert len(got.records) == len(got.labels) == len(got.units) == found
        assert got.pixels.shape == (found, samples.SIDE, samples.SIDE, 3)
