"""Settings from presets, files and texts, and the words for what is wrong with them."""

import dataclasses
import re
from pathlib import Path

import pytest

from pipeline import config
from pipeline.config import Settings, load
from pipeline.presets import PRESETS
from schemas.errors import ConfigError


def from_texts(*texts: str) -> Settings:
    return load("default", None, list(texts))


def from_file(folder: Path, content: str | bytes) -> Settings:
    path = folder / "settings.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load("default", path, [])


def refusal(*texts: str) -> str:
    with pytest.raises(ConfigError) as caught:
        from_texts(*texts)
    return str(caught.value)


def refusal_of_file(folder: Path, content: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        from_file(folder, content)
    return str(caught.value)


def test_without_changes_the_default_preset_is_the_default_settings() -> None:
    assert load("default", None, []) == Settings()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_accepted_as_it_stands(preset: str) -> None:
    loaded = load(preset, None, []).as_dict()
    for name, value in PRESETS[preset].items():
        group, _, leaf = name.partition(".")
        assert loaded[group].pop(leaf) == value
    default = Settings().as_dict()
    assert all(
        default[group][leaf] == value for group in loaded for leaf, value in loaded[group].items()
    )


def test_a_text_changes_one_setting_and_nothing_else() -> None:
    changed = from_texts("train.epochs=3")
    assert changed.train.epochs == 3
    assert dataclasses.replace(changed, train=changed.train.replace(epochs=20)) == Settings()


def test_texts_win_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("train: {epochs: 3, batch_size: 8}")
    settings = load("sample", path, ["train.epochs=4"])
    assert settings.train.epochs == 4
    assert settings.train.batch_size == 8
    assert settings.model.weights == "none"  # the preset's


def test_the_last_of_two_texts_wins() -> None:
    assert from_texts("train.epochs=3", "train.epochs=4").train.epochs == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("0.5", 0.5), (" 1 ", 1.0)],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert from_texts(f"train.learning_rate={text}").train.learning_rate == value


@pytest.mark.parametrize(("text", "value"), [("false", False), ("no", False), ("true", True)])
def test_yes_and_no_are_read_as_people_write_them(text: str, value: bool) -> None:
    assert from_texts(f"augment.flip={text}").augment.flip is value


@pytest.mark.parametrize("path", ["a=b.h5", "on", "3", "x: y"])
def test_a_text_setting_is_taken_to_the_letter(path: str) -> None:
    assert from_texts(f"model.weights={path}").model.weights == path


@pytest.mark.parametrize("name", ["trian.epochs", "epochs", "model.epochs"])
def test_a_misspelt_name_suggests_the_right_one(name: str) -> None:
    meant = "train.epochs or locate.epochs"
    assert refusal(f"{name}=3") == f"There is no setting {name!r}. Did you mean {meant}?"


@pytest.mark.parametrize("name", ["epoch", "train.epoch"])
def test_two_settings_that_are_as_near_are_both_suggested(name: str) -> None:
    assert refusal(f"{name}=3").endswith("Did you mean train.epochs or train.head_epochs?")


def test_a_name_like_no_other_lists_all() -> None:
    message = refusal("zzz=3")
    assert message.startswith("There is no setting 'zzz'. Known: data.box_margin, ")
    assert all(name in message for name in config.setting_names())


def test_a_group_takes_no_value_and_names_its_settings() -> None:
    message = refusal("train=3")
    assert message.startswith("train is a group of settings and takes no value.")
    assert "train.epochs" in message
    assert "model.weights" not in message


@pytest.mark.parametrize("text", ["train.epochs", "=3", ""])
def test_a_text_without_name_or_value_is_refused(text: str) -> None:
    assert refusal(text) == f"--set takes key=value. Received: {text!r}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train.epochs=three", "train.epochs takes a whole number. Received: 'three'"),
        ("train.epochs=3.7", "train.epochs takes a whole number. Received: '3.7'"),
        ("train.epochs=", "train.epochs takes a whole number. Received: ''"),
        ("train.learning_rate=fast", "train.learning_rate takes a number. Received: 'fast'"),
        ("augment.flip=maybe", "augment.flip takes true or false. Received: 'maybe'"),
    ],
)
def test_a_value_of_a_wrong_type_is_told_in_words(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("train.epochs=0", "train.epochs must be at least 1. Received: 0"),
        ("train.learning_rate=nan", "train.learning_rate must lie in (0, 1]. Received: nan"),
        ("data.max_reject_fraction=1.1", "data.max_reject_fraction must lie in [0, 1]."),
        ("model.resolution=31", "model.resolution must lie in 32..1024. Received: 31"),
        ("beam.workers=-1", "beam.workers must be at least 0. Received: -1"),
    ],
)
def test_a_value_out_of_range_is_told_with_its_rule(text: str, rule: str) -> None:
    assert refusal(text).startswith(rule)


def test_a_preset_that_does_not_exist_suggests_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"no preset 'sampel'\. Did you mean sample\?"):
        load("sampel", None, [])


@pytest.mark.parametrize(
    "content",
    [
        "train:\n  epochs: 3\n",
        "train: {epochs: 3}",
        "train.epochs: 3",
        "# a comment\ntrain:\n  epochs: 3\nmodel:\n  # weights: none\n",
        "\ufefftrain: {epochs: 3}",
    ],
)
def test_a_file_may_nest_or_dot_its_names(tmp_path: Path, content: str) -> None:
    assert from_file(tmp_path, content).train.epochs == 3


@pytest.mark.parametrize("content", ["", "# nothing\n", "train:\n"])
def test_a_file_without_settings_changes_nothing(tmp_path: Path, content: str) -> None:
    assert from_file(tmp_path, content) == Settings()


def test_a_syntax_error_is_told_with_its_place(tmp_path: Path) -> None:
    message = refusal_of_file(tmp_path, "train:\n  epochs: [3\nmodel: 1\n")
    assert "settings.yaml is not YAML: " in message
    assert "(line 3, column 6)" in message


@pytest.mark.parametrize(("content", "received"), [("- train\n", "['train']"), ("3\n", "3")])
def test_a_file_that_holds_no_names_is_refused(tmp_path: Path, content: str, received: str) -> None:
    message = refusal_of_file(tmp_path, content)
    assert 'must hold names and values, such as "train: {epochs: 3}".' in message
    assert "Received: " in message
    assert message.endswith(received)


def test_a_setting_that_stands_twice_is_refused(tmp_path: Path) -> None:
    message = refusal_of_file(tmp_path, "train:\n  epochs: 3\n  epochs: 4\n")
    assert re.search(r'duplicate key "epochs" .* \(line 3, column 3\)', message)


def test_a_fraction_in_a_file_is_not_cut_to_a_whole_number(tmp_path: Path) -> None:
    message = refusal_of_file(tmp_path, "train: {epochs: 3.7}")
    assert message == "train.epochs takes a whole number. Received: 3.7"


@pytest.mark.parametrize("value", ["[1]", "{a: 1}", "true", "null"])
def test_a_structure_in_place_of_a_number_is_refused(tmp_path: Path, value: str) -> None:
    message = refusal_of_file(tmp_path, f"train: {{epochs: {value}}}")
    assert message.startswith("train.epochs takes a whole number. Received: ")


def test_a_misspelt_name_in_a_file_suggests_the_right_one(tmp_path: Path) -> None:
    message = refusal_of_file(tmp_path, "trian: {epochs: 3}")
    assert message == (
        "There is no setting 'trian.epochs'. Did you mean train.epochs or locate.epochs?"
    )


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal_of_file(tmp_path, "model: {weights: 공포}".encode("cp949"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no settings file .*none\.yaml"):
        load("default", tmp_path / "none.yaml", [])


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load("default", tmp_path, [])


def test_what_looks_like_an_interpolation_is_plain_text(tmp_path: Path) -> None:
    found = from_file(tmp_path, "evaluate: {compare_with: '${oc.env:HOME}'}")
    assert found.evaluate.compare_with == "${oc.env:HOME}"
    assert from_texts("model.weights=${HOME}").model.weights == "${HOME}"


def test_all_wrong_settings_are_named_at_once() -> None:
    assert refusal("train.epochs=0", "data.jpeg_quality=20", "train.xla=maybe").splitlines() == [
        "data.jpeg_quality must lie in 50..100. Received: 20",
        "train.epochs must be at least 1. Received: 0",
        "train.xla must be one of auto, on, off. Received: 'maybe'",
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_written_as_yaml_are_read_as_the_same(tmp_path: Path, preset: str) -> None:
    settings = load(preset, None, ["model.weights=a: #b.h5", "train.learning_rate=1e-5"])
    path = tmp_path / "settings.yaml"
    path.write_text(config.as_yaml(settings), "utf-8")
    assert load("default", path, []) == settings


def test_the_yaml_says_what_each_setting_means() -> None:
    lines = config.as_yaml(Settings()).splitlines()
    at = lines.index("  batch_size: 64")
    assert lines[at - 1] == "  # Examples a step, on all devices together. (at least 1, examples)"
    assert lines.index("train:") < at


def test_every_group_is_a_field_of_the_settings_under_its_own_name() -> None:
    fields = {one.name: one.default_factory for one in dataclasses.fields(Settings)}
    assert fields == config.GROUPS
