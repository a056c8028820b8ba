"""Runs after a run: the ingest reads what has changed, and writes the same as one from nothing."""

import json
from pathlib import Path

import pytest
from PIL import Image

from pipeline import nodes
from runner.nodes import recovery
from schemas import artifacts
from testing.pipeline.runs import ALIKE, newest, run_data_stage, write_colours

pytestmark = pytest.mark.slow


def ingest(output: Path, *csvs: Path) -> tuple[int, int]:
    """Runs the ingest, and returns how many rows it took over and how many it read."""
    overrides = (ALIKE, "data.shard_rows=8")
    run_data_stage(output, *csvs, *overrides, last_node=nodes.EXAMPLE_GEN)
    counts = json.loads(
        newest(output, f"PetExampleGen/rejects/*/{artifacts.INGEST_JSON}").read_text()
    )
    # As the runner does, once TFX has recorded the node as complete.
    recovery.forget_unfinished(output / "pipeline", nodes.EXAMPLE_GEN)
    splits = counts["splits"].values()
    return sum(split["reused"] for split in splits), sum(split["read"] for split in splits)


def shards(output: Path) -> dict[str, bytes]:
    """Returns the newest files of Examples and frames, by their paths in the artifact."""
    found = {}
    for name in ("examples", "frames"):
        folder = newest(output, f"PetExampleGen/{name}/*/Split-train").parent
        paths = [path for path in folder.rglob("*") if path.is_file()]
        found |= {f"{name}/{path.relative_to(folder)}": path.read_bytes() for path in paths}
    return found


def test_a_run_after_a_run_reads_new_clips_and_changed_photos(tmp_path: Path) -> None:
    data, output = tmp_path / "data", tmp_path / "out"
    train = write_colours(data, "train", clips=2, frames=2)  # Of each of six moods.
    evaluation = write_colours(data, "val", clips=1, frames=2)
    assert ingest(output, train, evaluation) == (0, 36)
    write_colours(data, "train", clips=3, frames=2)
    changed = data / "images" / "val-0-0" / "frame_0_timestamp_0.png"
    Image.new("RGB", (96, 64), "navy").save(changed)
    # Drawing wrote the photos of the first two clips again, with the same pixels.
    assert ingest(output, train, evaluation) == (11, 36 + 12 - 11)
    rows = train.read_text(encoding="utf-8").splitlines()
    train.write_text("\n".join([rows[0], *reversed(rows[3:])]) + "\n", encoding="utf-8")
    assert ingest(output, train, evaluation) == (46, 0)
    assert ingest(tmp_path / "fresh", train, evaluation) == (0, 46)
    assert shards(output) == shards(tmp_path / "fresh")
