"""From TFX's arguments to trials: their rows, their settings, and the files that stay."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dataset import scores
from models import tuner
from models.network import classifier
from models.trainer_config import TrainerConfig
from models.training import training_run
from models.training.callbacks import TrainingDivergedError
from models.training.data import Data
from models.tuning import trial_counts
from models.tuning.settings import TuneSettings
from testing.models import samples, small_network

pytestmark = pytest.mark.slow

TUNE = TuneSettings(
    trials=4,
    trial_epochs=3,
    rows=8,
    learning_rate="1e-2",
    label_smoothing="",
    imbalance="",
    fine_tune="",
    strength="0",
)
RATE, STRENGTH = "train.learning_rate", "augment.strength"


@pytest.fixture
def tuner_args(tmp_path: Path, transform_graph: str) -> SimpleNamespace:
    """Arguments of TFX for ``tuner_fn``, as far as they are used."""
    return SimpleNamespace(
        train_files=[samples.write_clips(tmp_path / "train", 12)],
        eval_files=[samples.write_clips(tmp_path / "eval", 4)],
        transform_graph_path=transform_graph,
        base_model=None,
        working_dir=str(tmp_path / "search"),
        custom_config=samples.CONFIG | {"tune": TUNE.model_dump()},
    )


class Trainings:
    """Stands for ``training_run.train``: diverges at a high rate. ``count`` scores its trials."""

    def __init__(self) -> None:
        self.configs: list[TrainerConfig] = []
        self.run_dirs: list[Path] = []

    def __call__(
        self,
        config: TrainerConfig,
        data: Data,
        base_model: Any,
        run_dir: str,
        backups: Any,
        precision_dir: str,
        strategy: Any,
        *,
        task: str,
    ) -> None:
        self.configs.append(config)
        self.run_dirs.append(Path(run_dir))
        self.data = data
        Path(run_dir).mkdir(parents=True)
        if config.train.learning_rate > 0.005 and config.augment.strength:
            raise TrainingDivergedError("The loss must stay finite.")

    def count(self, model: None, config: TrainerConfig, *_: Any) -> Any:
        """Stands for ``trial_counts.count``: at a rate of 0.01 all of 40 clips are right."""
        matrices = np.zeros((40, 2, 3))
        right = config.train.learning_rate == 0.01
        for clip in range(40):
            matrices[clip, clip % 2, clip % 2 if right else 1 - clip % 2] = 1
        return matrices


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    """A stand-in for real trainings."""
    stand_in = Trainings()
    monkeypatch.setattr(training_run, "train", stand_in)
    monkeypatch.setattr(trial_counts, "count", stand_in.count)
    return stand_in


def test_trials_are_the_training_except_for_the_values_and_the_epochs(
    tuner_args: SimpleNamespace, trainings: Trainings
) -> None:
    result = tuner.tuner_fn(tuner_args)
    result.tuner.search(**result.fit_kwargs)
    own = TrainerConfig.from_json(samples.CONFIG)
    first = trainings.configs[0]
    assert first == dataclasses.replace(own, train=own.train.replace(epochs=3))
    tried = {(c.train.learning_rate, c.augment.strength) for c in trainings.configs}
    assert tried == {(1e-3, 1), (1e-2, 1), (1e-3, 0), (1e-2, 0)}

    table = result.tuner.table()
    (best,) = (trial for trial in table["trials"] if trial["trial"] == table["best"])
    assert best["values"] == {RATE: 1e-2, STRENGTH: 0}
    assert best["score"] == 1
    assert best["gain"] == [1, 1]
    (chosen,) = result.tuner.get_best_hyperparameters()
    assert chosen.values == best["values"]
    failed = [trial["values"] for trial in table["trials"] if trial["status"] == "failed"]
    assert failed == [{RATE: 1e-2, STRENGTH: 1}]


def test_trials_use_a_subset_of_the_rows_and_leave_nothing(
    tuner_args: SimpleNamespace, trainings: Trainings
) -> None:
    result = tuner.tuner_fn(tuner_args)
    result.tuner.search()
    # A share of 2 a mood is one clip, but there must be 30 where there are: all three. The eval
    # split has no more than 8.
    assert trainings.data.train_counts == [6, 6, 6, 6]
    assert trainings.data.eval_counts == [2, 2, 2, 2]
    assert result.tuner.table()["rows"] == {"train": 24, "eval": 8}
    assert not any(path.exists() for path in trainings.run_dirs)
    (folder,) = Path(tuner_args.working_dir).iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["counts", "trials"]


def test_a_search_with_another_budget_goes_on_from_the_earlier_one(
    tuner_args: SimpleNamespace, trainings: Trainings
) -> None:
    def trials_of(**changes: object) -> int:
        config = tuner_args.custom_config
        tune = config["tune"] | changes
        tuner_args.custom_config = config | {"tune": tune}
        before = len(trainings.configs)
        tuner.tuner_fn(tuner_args).tuner.search()
        return len(trainings.configs) - before

    assert trials_of(trials=2) == 2
    assert trials_of(trials=3, minutes=9) == 1
    assert trials_of(trial_epochs=4) == 3
    assert trials_of(trial_epochs=3) == 0


def test_the_trainer_takes_the_values_and_no_others() -> None:
    own = TrainerConfig.from_json(samples.CONFIG)
    assert own.with_hyperparameters(None) == own
    changed = own.with_hyperparameters({"space": [], "values": {RATE: 0.5, STRENGTH: 0.0}})
    assert (changed.train.learning_rate, changed.augment.strength) == (0.5, 0)
    with pytest.raises(ValueError, match=r"Received: 'train\.momentum'"):
        own.with_hyperparameters({"space": [], "values": {"train.momentum": 0.5}})


def test_a_trial_is_really_trained(
    tuner_args: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "new_backbone", small_network.new_backbone)
    tune = TUNE.replace(trials=1, trial_epochs=1)
    tuner_args.custom_config = samples.CONFIG | {"tune": tune.model_dump()}
    result = tuner.tuner_fn(tuner_args)
    result.tuner.search()
    (trial,) = result.tuner.table()["trials"]
    assert trial["status"] == "completed"
    assert 0 <= trial["score"] <= 1
    (file,) = Path(tuner_args.working_dir).rglob("counts/*.npy")
    matrices = np.load(file)
    assert matrices.shape == (4, 4, 5)  # The eval split's clips.
    assert matrices.sum(axis=(1, 2)).tolist() == [2, 2, 2, 2]
    assert trial["score"] == pytest.approx(float(scores.macro_f1(matrices.sum(axis=0))))
