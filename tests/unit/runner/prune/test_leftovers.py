"""What failed runs have left, and what goes of it."""

import os
from pathlib import Path

from runner.prune.plan import LEFTOVER
from testing.pipeline.recorded_runs import DAY, NOW, Runs, aged


def test_what_failed_attempts_left_goes_at_an_age(runs: Runs) -> None:
    runs.execute("Ingest", (), ("Examples",))
    for path, days in (
        ("pipeline/Ingest/unfinished/train-1.abc.partial.tfrecord", 8.0),
        ("pipeline/Ingest/unfinished/train-2.abc.partial.tfrecord", 6.0),
        ("pipeline/Trainer/unfinished/training-a/3/state.json", 8.0),
        ("pipeline/Trainer/unfinished/training-b/3/state.json", 1.0),
        ("pipeline/Trainer/Model/77/half", 8.0),  # No execution in ML Metadata has this number.
        ("pipeline/Trainer/Model/78/half", 1.0),
        ("pipeline/Trainer/.system/stateful_working_dir/x/y", 8.0),
        ("serving/pet_mood.partial/5/saved_model.pb", 8.0),
        ("run.json.partial", 8.0),
        # Nothing of a run's: they stay at any age.
        ("pipeline/Trainer/Model/notes/mine", 99.0),
        ("pipeline/mine", 99.0),
        ("mine", 99.0),
        ("serving/mine", 99.0),
        ("logs/old.log", 99.0),
    ):
        aged(runs.inputs.output / path, days)
    state = runs.inputs.artifacts / "Trainer" / "unfinished"
    for name, days in (("training-a", 8.0), ("training-b", 1.0)):
        os.utime(state / name, (NOW - days * DAY, NOW - days * DAY))
    os.utime(runs.inputs.serving.with_name("pet_mood.partial"), (NOW - 8 * DAY, NOW - 8 * DAY))
    assert runs.going() == {
        "pipeline/Ingest/unfinished/train-1.abc.partial.tfrecord",
        "pipeline/Trainer/unfinished/training-a",
        "pipeline/Trainer/Model/77",
        "pipeline/Trainer/.system/stateful_working_dir/x",
        "serving/pet_mood.partial",
        "run.json.partial",
    }
    assert {item.kind for item in runs.plan().items} == {LEFTOVER}
    assert {item.bytes for item in runs.plan().items} == {7}
    assert len(runs.going("retain.leftover_days=9")) == 0
    assert len(runs.going("retain.leftover_days=0.5")) == 9


def test_a_leftover_behind_a_link_stays(runs: Runs, tmp_path: Path) -> None:
    runs.execute("Ingest", (), ("Examples",))
    aged(tmp_path / "fast_disk" / "training-a", 99)
    (runs.inputs.artifacts / "Trainer").mkdir()
    (runs.inputs.artifacts / "Trainer" / "unfinished").symlink_to(tmp_path / "fast_disk")
    aged(tmp_path / "elsewhere", 99)
    (runs.inputs.output / "x.partial").symlink_to(tmp_path / "elsewhere")
    assert runs.going() == set()
