"""A tree in AI Hub's format with animals in both splits, prepared: it passes the data gate."""

import json
from pathlib import Path

from dataset.aihub.preparation import PrepareSettings, prepare
from schemas import artifacts
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.tree import write_tree
from testing.pipeline.runs import newest, run_data_stage


def test_animals_in_both_splits_are_dropped_and_the_rest_passes(tmp_path: Path) -> None:
    tree = TreeSettings(
        *(12, 6, 3, 0, 320, 240), shared_animals=2, layout="numbered", drawn_clips=True
    )
    root = tmp_path / "tree"
    write_tree(root, tree)
    # In the root, so that the images' paths begin at the CSVs' folder.
    summary = prepare(root, root, PrepareSettings(workers=1))
    assert summary["animals"]["animals_in_both"]["clips"] == 2
    output = run_data_stage(tmp_path / "out", root / "train.csv", root / "val.csv")
    leaks = json.loads(newest(output, f"LeakCheck/report/*/{artifacts.LEAKS_JSON}").read_text())
    assert leaks["leaks"]["clips"] == leaks["leaks"]["groups"] == 0
