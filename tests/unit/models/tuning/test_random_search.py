"""The search: tried values, its end, and a killed search that goes on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_tuner.errors import FatalError

from models.training.callbacks import TrainingDivergedError
from models.tuning import gain, random_search
from models.tuning.random_search import RandomSearch, TuningFailedError
from models.tuning.settings import TuneSettings
from schemas.errors import ConfigError

RATE, KIND = "train.learning_rate", "train.imbalance"
RATES = {RATE: [0.1, 0.9]}
MANY = {RATE: [0.1, 0.2, 0.3, 0.4, 0.5], KIND: ["none", "focal"]}

Values = Mapping[str, Any]


def counts_of(accuracy: float, clips: int = 400) -> Any:
    """Returns counts of clips of two moods in turn, a share of which is right in a row."""
    matrices = np.zeros((clips, 2, 3))
    for clip in range(clips):
        right = (clip // 2 * 0.618) % 1 < accuracy
        matrices[clip, clip % 2, clip % 2 if right else 1 - clip % 2] = 1
    return matrices


class Trials:
    """Runs trials by calling a function that returns the share of right clips; notes them."""

    def __init__(self, score: Callable[[Values], float]) -> None:
        self.score = score
        self.values: list[Values] = []
        self.names: list[str] = []

    def __call__(self, name: str, values: Values) -> Any:
        self.names.append(name)
        self.values.append(dict(values))
        return counts_of(self.score(values))


def search(folder: Path, run: Trials, choices: Any = MANY, **budget: Any) -> dict[str, Any]:
    """Searches and returns the table."""
    tuner = RandomSearch(run, choices, TuneSettings(**{"trials": 10} | budget), str(folder))
    tuner.search()
    return dict(tuner.table())


def by_rate(values: Values) -> float:
    return float(values[RATE])


def test_the_runs_own_value_is_tried_first_and_the_better_one_is_found(tmp_path: Path) -> None:
    trials = Trials(by_rate)
    table = search(tmp_path, trials, RATES)
    assert [values[RATE] for values in trials.values] == [0.1, 0.9]
    assert (table["best"], table["ended_by"]) == (table["trials"][1]["trial"], "choices")
    scores = [trial["score"] for trial in table["trials"]]
    assert scores == [pytest.approx(0.1, abs=0.02), pytest.approx(0.9, abs=0.02)]
    gains = [trial["gain"] for trial in table["trials"]]
    assert gains[0] is None
    assert 0.7 < gains[1][0] < 0.8 < gains[1][1] < 0.9
    assert {trial["status"] for trial in table["trials"]} == {"completed"}


def test_of_equals_the_runs_own_value_is_the_best(tmp_path: Path) -> None:
    table = search(tmp_path, Trials(lambda _: 0.5), RATES)
    assert table["best"] == table["trials"][0]["trial"]


@pytest.mark.parametrize(("better", "is_chosen"), [(0.72, False), (0.85, True)])
def test_a_trial_is_chosen_only_if_it_is_better_beyond_noise(
    tmp_path: Path, better: float, is_chosen: bool
) -> None:
    # 40 clips: one more that is right is chance, six more are not.
    def run(_: str, values: Values) -> Any:
        return counts_of(better if values[RATE] == 0.9 else 0.7, clips=40)

    tuner = RandomSearch(run, RATES, TuneSettings(trials=2), str(tmp_path))
    tuner.search()
    own, other = tuner.table()["trials"]
    assert other["score"] > own["score"]
    best = tuner.table()["best"]
    assert best == (other if is_chosen else own)["trial"]
    (values,) = tuner.get_best_hyperparameters()
    assert values.values == {RATE: 0.9 if is_chosen else 0.1}


def test_the_more_trials_the_more_a_gain_must_be(tmp_path: Path) -> None:
    one, other = counts_of(0.8, 60), counts_of(0.7, 60)
    low, high = gain.gain_interval(one, other, 1)
    lower, higher = gain.gain_interval(one, other, 20)
    assert lower < low < high < higher


def test_a_handful_of_clips_finds_nothing_better(tmp_path: Path) -> None:
    # All five clips won: of equal settings one in 32 pairs does that.
    def run(_: str, values: Values) -> Any:
        return counts_of(1.0 if values[RATE] == 0.9 else 0.0, clips=5)

    tuner = RandomSearch(run, RATES, TuneSettings(trials=2), str(tmp_path))
    tuner.search()
    table = tuner.table()
    assert table["best"] == table["trials"][0]["trial"]
    assert table["trials"][1]["gain"] is None


def test_no_values_are_tried_twice_and_the_number_of_trials_ends_it(tmp_path: Path) -> None:
    trials = Trials(by_rate)
    assert search(tmp_path, trials, trials=7)["ended_by"] == "trials"
    assert len({tuple(values.items()) for values in trials.values}) == 7


def test_no_trial_begins_when_the_minutes_are_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def takes_40_seconds(_: Values) -> float:
        now[0] += 40
        return 0.5

    monkeypatch.setattr(random_search.time, "monotonic", lambda: now[0])
    table = search(tmp_path, Trials(takes_40_seconds), minutes=1)
    assert table["ended_by"] == "minutes"
    assert [trial["seconds"] for trial in table["trials"]] == [40, 40]
    # The seconds of an earlier run count.
    more = Trials(takes_40_seconds)
    search(tmp_path, more, minutes=1.5)
    assert len(more.values) == 1


def test_a_nan_loss_is_a_failed_trial_and_the_search_goes_on(tmp_path: Path) -> None:
    def diverges_below_half(values: Values) -> float:
        if values[RATE] < 0.5:
            raise TrainingDivergedError("The loss must stay finite.")
        return 0.7

    table = search(tmp_path, Trials(diverges_below_half))
    statuses = [trial["status"] for trial in table["trials"]]
    assert statuses.count("completed") == 2  # One of five rates, with two kinds.
    assert statuses.count("failed") == len(statuses) - 2 >= 4
    (best,) = (trial for trial in table["trials"] if trial["trial"] == table["best"])
    assert best["score"] == pytest.approx(0.7, abs=0.02)
    assert best["values"][RATE] == 0.5
    assert table["trials"][0]["score"] is None


def test_when_every_trial_fails_there_is_no_best(tmp_path: Path) -> None:
    def diverges(_: Values) -> float:
        raise TrainingDivergedError("The loss must stay finite.")

    trials = Trials(diverges)
    with pytest.raises(TuningFailedError, match=r"Received: 5 trials .* NaN or infinite"):
        search(tmp_path, trials, trials=5)
    assert len(trials.values) == 5


@pytest.mark.slow
def test_any_other_error_ends_the_search_and_its_trial_is_tried_again(tmp_path: Path) -> None:
    def fails(values: Values) -> float:
        if len(trials.values) == 2:
            raise ConfigError("There are no weights.")
        return 0.5

    trials = Trials(fails)
    with pytest.raises(FatalError, match="There are no weights") as caught:
        search(tmp_path, trials)
    assert isinstance(caught.value.__cause__, ConfigError)
    again = Trials(lambda _: 0.5)
    search(tmp_path, again)
    assert again.values[0] == trials.values[1]


@pytest.mark.slow
@pytest.mark.parametrize("killed_in", [1, 2, 4])
def test_a_killed_search_goes_on(tmp_path: Path, killed_in: int) -> None:
    whole = Trials(by_rate)
    expected = search(tmp_path / "whole", whole, trials=6)

    def killed(values: Values) -> float:
        if len(first.values) == killed_in:
            raise KeyboardInterrupt
        return by_rate(values)

    first, second = Trials(killed), Trials(by_rate)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "killed", first, trials=6)
    table = search(tmp_path / "killed", second, trials=6)
    assert first.values == whole.values[:killed_in]
    assert second.values == whole.values[killed_in - 1 :]
    assert second.names == whole.names[killed_in - 1 :]
    for trial in (*table["trials"], *expected["trials"]):
        assert trial.pop("seconds") is not None
    assert table == expected


def test_a_higher_budget_goes_on_from_a_search_that_has_ended(tmp_path: Path) -> None:
    first, second = Trials(by_rate), Trials(by_rate)
    search(tmp_path, first, trials=3)
    assert len(search(tmp_path, second, trials=5)["trials"]) == 5
    assert (len(first.values), len(second.values)) == (3, 2)


def test_half_a_file_makes_the_search_begin_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    search(tmp_path, Trials(by_rate), trials=3)
    (memory,) = tmp_path.rglob("oracle.json")
    memory.write_bytes(memory.read_bytes()[:-40])
    again = Trials(by_rate)
    assert len(search(tmp_path, again, trials=3)["trials"]) == len(again.values) == 3
    assert "The search begins anew" in caplog.text


def test_a_trial_that_was_only_noted_down_does_not_count(tmp_path: Path) -> None:
    whole, first, second = Trials(by_rate), Trials(by_rate), Trials(by_rate)
    search(tmp_path / "whole", whole, trials=4)
    search(tmp_path / "killed", first, trials=3)
    # A kill between keras-tuner's two files leaves the trial's, but not the oracle's.
    (third,) = (tmp_path / "whole").rglob("trial_3/trial.json")
    noted = tmp_path / "killed" / "trials" / "trial_3"
    noted.mkdir()
    (noted / "trial.json").write_bytes(third.read_bytes())
    table = search(tmp_path / "killed", second, trials=4)
    assert second.values == whole.values[3:]
    assert len(table["trials"]) == 4
