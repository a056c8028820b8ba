"""The Tuner between Transform and Trainer, through LocalDagRunner: found, killed, reused."""

import csv
from pathlib import Path

from pipeline import nodes
from schemas import artifacts
from testing.pipeline.killing import kill_when, start
from testing.pipeline.runs import run

PLANTED = (
    "train.learning_rate=1e-7",
    "tune.trials=9",
    "tune.trial_epochs=3",
    "tune.learning_rate=0.003",
    *(f"tune.{name}=" for name in ("label_smoothing", "imbalance", "fine_tune", "strength")),
)
"""A rate that learns nothing, and in the list one that does."""


def test_a_killed_search_goes_on_and_the_trainer_takes_the_better_setting_that_it_finds(
    tmp_path: Path, colours: tuple[Path, Path], small: None
) -> None:
    search = tmp_path / "pipeline" / nodes.TUNER / "search"
    kill_when(start(tmp_path, colours, *PLANTED), lambda: second_trial_is_noted(search))
    (first,) = search.glob("*/trials/trial_0/trial.json")
    ended = first.stat().st_mtime_ns

    done = run(tmp_path, *colours, *PLANTED)
    assert done.exit == 0
    assert first.stat().st_mtime_ns == ended
    tuner = done.record["tuner"]
    assert [trial["values"] for trial in tuner["trials"]] == [
        {"train.learning_rate": 1e-7},
        {"train.learning_rate": 0.003},
    ]
    assert tuner["trials"][0]["score"] < 0.5 < tuner["trials"][1]["score"]
    assert (tuner["best"], tuner["ended_by"]) == ("1", "choices")
    assert tuner["rows"] == {"train": 192, "eval": 48}
    assert done.record["metrics"]["model"]["macro_f1"] > 0.8
    with done.artifact(nodes.TRAINER, "model_run", artifacts.CURVES_CSV).open() as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert max(rates) > 1e-3
    # Nothing is left but what a higher budget would go on from.
    assert sorted(path.name for path in search.glob("*/*")) == [
        *("counts", "precision.json", "trials")
    ]

    again = run(tmp_path, *colours, *PLANTED)
    assert again.exit == 0
    assert again.record["tuner"] == tuner
    assert again.record["nodes"][nodes.TUNER]["cached"]
    assert again.record["nodes"][nodes.TRAINER]["cached"]


def second_trial_is_noted(search: Path) -> bool:
    """Whether the first trial has ended: keras-tuner notes the next one, then the whole search."""
    trials = list(search.glob("*/trials/trial_1/trial.json"))
    oracles = list(search.glob("*/trials/oracle.json"))
    if not trials or not oracles:
        return False
    return oracles[0].stat().st_mtime_ns > trials[0].stat().st_mtime_ns


def test_without_the_setting_there_is_no_tuner(pushed) -> None:
    assert nodes.TUNER not in pushed.record["nodes"]
    assert pushed.record["tuner"] is None
