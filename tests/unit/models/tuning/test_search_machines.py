"""Several machines that search for settings together find the same as one."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.tuning import random_search
from models.tuning.settings import TuneSettings
from testing.models import device_process, machines, samples

pytestmark = pytest.mark.slow

TUNE = TuneSettings(
    trials=3,
    trial_epochs=1,
    rows=16,
    learning_rate="1e-2,1e-1",
    label_smoothing="",
    imbalance="",
    fine_tune="",
    strength="",
)


def arguments(folder: Path, name: str, transform_graph: str) -> dict[str, Any]:
    """Returns the arguments of TFX for ``tuner_fn``."""
    # Several machines do not try precisions by the clock, as one would.
    train = samples.CONFIG["train"] | {"precision": "float32"}
    return {
        "train_files": [str(folder / "Split-train" / "*")],
        "eval_files": [str(folder / "Split-eval" / "*")],
        "transform_graph_path": transform_graph,
        "base_model": None,
        "working_dir": str(folder / name),
        "custom_config": samples.CONFIG | {"train": train, "tune": TUNE.model_dump()},
    }


def tables(outputs: list[str]) -> list[dict[str, Any]]:
    """Returns the tables that the searches printed."""
    found = []
    for output in outputs:
        (line,) = (one for one in output.splitlines() if one.startswith(device_process.TABLE))
        found.append(json.loads(line.removeprefix(device_process.TABLE)))
    return found


def test_two_machines_find_what_one_finds_and_one_of_them_remembers(
    tmp_path: Path, transform_graph: str
) -> None:
    samples.write_clips(tmp_path / "Split-train", 12)
    samples.write_clips(tmp_path / "Split-eval", 8)
    alone = {
        "logical_devices": 1,
        "runs": [],
        "searches": [arguments(tmp_path, "one", transform_graph)],
    }
    both = alone | {"searches": [arguments(tmp_path, "two", transform_graph)]}
    (one,) = tables(machines.wait([machines.started(tmp_path, "one", alone)]))
    chief, other = tables(machines.wait(machines.two_started(tmp_path, both)))
    assert (one["writes"], chief["writes"], other["writes"]) == (True, True, False)
    assert chief["trials"] == other["trials"]  # The seconds too, by which tune.minutes goes.
    assert chief["best"] == other["best"] == one["best"]
    for own, others in zip(one["trials"], chief["trials"], strict=True):
        assert own["values"] == others["values"] and own["status"] == others["status"]
        assert others["score"] == pytest.approx(own["score"], abs=1e-3)
    (memory,) = (tmp_path / "two").iterdir()
    assert len([*(memory / random_search.MEMORY).glob("trial_*")]) == len(chief["trials"])
