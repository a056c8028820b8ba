"""Flags are checked against the model; no TensorFlow."""

from pathlib import Path

import pytest

from client.backends.expected_model import (
    ExpectedModel,
    check_expected,
    mood_names_for,
    read_expected_model,
)
from client.backends.model import ModelInfo
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from testing.models import quadrants

INFO = ModelInfo("pushed/10", quadrants.MOODS, 32)


def test_true_flags_and_no_flags_agree(label_file: Path) -> None:
    check_expected(ExpectedModel(), INFO)
    check_expected(read_expected_model(32, 4, label_file), INFO)


@pytest.mark.parametrize(
    ("expected", "flag", "fact"),
    [
        (ExpectedModel(input_size=224), "--input_size 224", "has an input of 32 pixels"),
        (ExpectedModel(classes=6), "--classes 6", "has 4 moods"),
        (
            ExpectedModel(
                label=Path("l.json"), mood_names=("공포", "화남/불쾌", "행복/즐거움", "편안/안정")
            ),
            "--label l.json with 공포, 화남/불쾌, 행복/즐거움, 편안/안정",
            "was trained with 화남/불쾌, 공포, 행복/즐거움, 편안/안정",
        ),
    ],
)
def test_a_contradiction_is_an_error_that_names_flag_and_fact(
    expected: ExpectedModel, flag: str, fact: str
) -> None:
    with pytest.raises(ConfigError, match=f"{flag}; but pushed/10 {fact}"):
        check_expected(expected, INFO)


def test_classes_must_be_those_of_the_label_file(label_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"--classes 6.*label\.json has 4"):
        read_expected_model(None, 6, label_file)


def test_a_broken_label_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "label.json").write_text('{"공포": 1, "평온": 2}', encoding="utf-8")
    with pytest.raises(ConfigError, match="--label: The indices must be"):
        read_expected_model(None, None, tmp_path / "label.json")
    with pytest.raises(ConfigError, match="--label: The label file cannot be read"):
        read_expected_model(None, None, tmp_path / "none.json")


def test_moods_without_names_get_the_default_map_if_its_length_fits() -> None:
    assert mood_names_for(ExpectedModel(), 6, "best.keras") == DEFAULT_MOODS
    with pytest.raises(ConfigError, match=r"best\.keras has 4 moods .* default label map has 6"):
        mood_names_for(ExpectedModel(), 4, "best.keras")


def test_a_label_file_of_another_length_than_the_checkpoint_is_an_error(label_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"with 4 moods; but best\.keras has 6 moods"):
        mood_names_for(read_expected_model(None, None, label_file), 6, "best.keras")
