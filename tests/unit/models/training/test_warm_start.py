"""The weights that a training begins with."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from dataset.trained_on import SeenNames, TrainedOn, name_pairs
from models.network import classifier
from models.settings.network import ModelSettings
from models.training import warm_start
from schemas import artifacts, signatures
from schemas.errors import ConfigError
from testing.models import samples

HEAD = ("head", "head_norm")


def settings(weights: str = "none") -> ModelSettings:
    return ModelSettings(weights=weights, resolution=samples.SIDE)


def test_without_a_base_model_the_settings_say_what_to_start_from() -> None:
    assert warm_start.with_base_weights(settings("imagenet"), None) == settings("imagenet")


def test_a_trained_model_carries_its_checkpoint_and_moods(trained: SimpleNamespace) -> None:
    weights = Path(warm_start.with_base_weights(settings(), trained.serving_model_dir).weights)
    assert weights == Path(trained.serving_model_dir).parent / "checkpoint" / "best.keras"
    in_run = Path(trained.model_run_dir) / artifacts.CHECKPOINT_KERAS
    assert weights.read_bytes() == in_run.read_bytes()
    assert weights.with_name(signatures.LABELS_ASSET).is_file()


def head_of(model: keras.Model) -> np.ndarray:
    weights = [array for name in HEAD for array in model.get_layer(name).get_weights()]
    return np.concatenate([array.ravel() for array in weights])


@pytest.fixture(scope="module")
def best(trained: SimpleNamespace) -> keras.Model:
    """The network of the checkpoint."""
    return keras.models.load_model(
        warm_start.with_base_weights(settings(), trained.serving_model_dir).weights
    )


@pytest.mark.parametrize(
    ("mood_names", "loaded"),
    [
        (samples.MOODS, True),
        (tuple(reversed(samples.MOODS)), False),
        (("공포", "행복/즐거움"), False),
    ],
)
def test_the_head_goes_on_where_the_moods_are_the_same(
    trained: SimpleNamespace, best: keras.Model, mood_names: tuple[str, ...], loaded: bool
) -> None:
    start = warm_start.with_base_weights(settings(), trained.serving_model_dir)
    model = classifier.build(start, len(mood_names))
    fresh = head_of(model)
    assert warm_start.load_head(model, start.weights, mood_names) is loaded
    np.testing.assert_array_equal(head_of(model), head_of(best) if loaded else fresh)
    stem = "stem_conv"
    np.testing.assert_array_equal(
        model.get_layer(stem).get_weights()[0], best.get_layer(stem).get_weights()[0]
    )


def test_weights_without_a_label_map_give_no_head(trained: SimpleNamespace, tmp_path: Path) -> None:
    alone = tmp_path / "best.keras"
    alone.write_bytes((Path(trained.model_run_dir) / artifacts.CHECKPOINT_KERAS).read_bytes())
    model = samples.named_network()
    before = head_of(model)
    assert not warm_start.load_head(model, str(alone), samples.MOODS)
    assert not warm_start.load_head(model, "none", samples.MOODS)
    np.testing.assert_array_equal(head_of(model), before)


def write_names(folder: Path, split: str, clips: list[str]) -> list[str]:
    """Writes what the ingest writes for a split, and returns the pattern of its shards."""
    path = folder / artifacts.NAMES_FOLDER / f"{split}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, name_pairs(clips, [None] * len(clips)))
    return [str(folder / f"Split-{split}" / "*")]


def checkpoint_of(folder: Path, names: TrainedOn | None) -> str:
    """Writes a checkpoint's companions, and returns its path."""
    warm_start.write_label_map(str(folder), samples.MOODS)
    warm_start.write_trained_on(names, str(folder))
    (folder / artifacts.CHECKPOINT_KERAS).write_bytes(b"")
    return str(folder / artifacts.CHECKPOINT_KERAS)


def clips_of(names: TrainedOn, clips: list[str]) -> list[bool]:
    return SeenNames(names.inherited).rows(clips, [None] * len(clips))


def test_a_training_knows_its_clips_and_those_of_its_base(tmp_path: Path) -> None:
    train = write_names(tmp_path / "examples", "train", ["a", "b"])
    evaluation = write_names(tmp_path / "examples", "eval", ["c", "d"])
    base = TrainedOn.of(name_pairs(["c", "x"], [None, None]), None)
    names = warm_start.trained_on(train, evaluation, checkpoint_of(tmp_path / "base", base))
    assert names is not None
    assert names.complete
    assert clips_of(names, ["a", "b", "c", "d", "x"]) == [False, False, True, False, True]
    own = SeenNames(names.own)
    assert own.rows(["a", "b", "c"], [None] * 3) == [True, True, False]

    # And so do a training that goes on from this one, and the weights of anything but ours.
    again = checkpoint_of(tmp_path / "again", names)
    later = warm_start.trained_on(train, evaluation, again)
    assert later is not None
    assert clips_of(later, ["a", "c", "d", "x"]) == [True, True, False, True]
    imagenet = warm_start.trained_on(train, evaluation, "imagenet")
    assert imagenet is not None
    assert imagenet.complete
    assert not len(imagenet.inherited)


def test_a_base_that_knows_the_whole_eval_split_is_refused_before_the_training(
    tmp_path: Path,
) -> None:
    train = write_names(tmp_path / "examples", "train", ["a"])
    evaluation = write_names(tmp_path / "examples", "eval", ["c", "d"])
    base = TrainedOn.of(name_pairs(["c", "d"], [None, None]), None)
    weights = checkpoint_of(tmp_path / "base", base)
    with pytest.raises(ConfigError, match=r"every clip or animal of the eval split\. Received: "):
        warm_start.trained_on(train, evaluation, weights)


def test_a_base_that_does_not_say_is_noted(tmp_path: Path) -> None:
    train = write_names(tmp_path / "examples", "train", ["a"])
    evaluation = write_names(tmp_path / "examples", "eval", ["c"])
    names = warm_start.trained_on(train, evaluation, checkpoint_of(tmp_path / "base", None))
    assert names is not None
    assert not names.complete


def test_examples_without_names_give_none(tmp_path: Path) -> None:
    assert warm_start.trained_on([str(tmp_path / "Split-train" / "*")], [], "none") is None


def test_the_clips_that_the_epoch_was_chosen_on_are_known_too(tmp_path: Path) -> None:
    train = write_names(tmp_path / "examples", "train", ["a"])
    validation = write_names(tmp_path / "examples", "validation", ["b"])
    evaluation = write_names(tmp_path / "examples", "eval", ["c"])
    names = warm_start.trained_on(train, validation, "none")
    assert names is not None
    assert SeenNames(names.own).rows(["a", "b", "c"], [None] * 3) == [True, True, False]
    # Without a validation split the eval split chooses, and goes on to judge later models.
    pair = warm_start.trained_on(train, evaluation, "none")
    assert pair is not None
    assert SeenNames(pair.own).rows(["a", "b", "c"], [None] * 3) == [True, False, False]


def test_a_base_is_refused_by_the_rows_that_judge_and_not_by_those_that_choose(
    tmp_path: Path,
) -> None:
    train = write_names(tmp_path / "examples", "train", ["a"])
    validation = write_names(tmp_path / "examples", "validation", ["b"])
    write_names(tmp_path / "examples", "eval", ["c"])
    knows_b, knows_c = (
        checkpoint_of(tmp_path / clip, TrainedOn.of(name_pairs([clip], [None]), None))
        for clip in ("b", "c")
    )
    assert warm_start.trained_on(train, validation, knows_b) is not None
    with pytest.raises(ConfigError, match="every clip or animal of the eval split"):
        warm_start.trained_on(train, validation, knows_c)
