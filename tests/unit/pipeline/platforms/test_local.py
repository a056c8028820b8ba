"""This machine as a platform."""

from pathlib import Path

import pytest

from dataset.sample.writer import MANIFEST
from pipeline.metadata.settings import MetadataSettings
from pipeline.platforms.local import LocalPlatform
from pipeline.run_inputs import RunInputs
from schemas.labels import DEFAULT_MOODS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("manifest", "trained_on"),
    [
        ('{"made_by": "pet_mood dataset.sample"}', "drawings"),
        ('{"made_by": "somebody"}', "photos"),
        ("no JSON", "photos"),
        (None, "photos"),
    ],
)
def test_a_csv_beside_the_drawn_samples_manifest_has_drawings(
    manifest: str | None, trained_on: str, tmp_path: Path
) -> None:
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest, "utf-8")
    inputs = RunInputs(tmp_path / "train.csv", None, None, DEFAULT_MOODS, tmp_path / "out")
    assert LocalPlatform(inputs, MetadataSettings()).trained_on == trained_on
