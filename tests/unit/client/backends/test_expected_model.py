"""What --weight_path names, and whether the flags agree with it; no TensorFlow."""

from pathlib import Path

import pytest

from client.backends.expected_model import (
    ExpectedModel,
    check_expected,
    expected_model,
    mood_names_for,
)
from client.backends.model import ModelInfo
from client.backends.weight_path import info_of, locate
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from testing.models import quadrants as samples

FACTS = ModelInfo("pushed/10", samples.MOODS, 32)


def make_version(folder: Path, name: str) -> Path:
    version = folder / name
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    return version


def test_the_highest_version_is_chosen_by_number_and_not_by_text(tmp_path: Path) -> None:
    for name in ("9", "10", "2"):
        make_version(tmp_path, name)
    found = locate(tmp_path)
    assert (found.path, found.is_version) == (tmp_path / "10", True)
    assert found.note == f"version 10 of {tmp_path} (the highest of 3)"


def test_what_is_no_whole_version_is_passed_over(tmp_path: Path) -> None:
    make_version(tmp_path, "7")
    make_version(tmp_path, "8.partial")
    make_version(tmp_path, "latest")
    (tmp_path / "99").mkdir()  # Without saved_model.pb.
    assert locate(tmp_path).path == tmp_path / "7"


def test_a_version_itself_may_be_named(tmp_path: Path) -> None:
    make_version(tmp_path, "10")
    assert locate(make_version(tmp_path, "9")) == (tmp_path / "9", True, "")


@pytest.mark.parametrize("name", ["best.keras", "old.h5", "w.weights.h5", "w.hdf5"])
def test_a_checkpoint_is_told_by_its_ending(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert locate(tmp_path / name) == (tmp_path / name, False, "")


def test_weights_that_are_not_there_or_of_another_kind_are_errors(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").touch()
    for path, words in (
        (tmp_path / "W", "does not exist"),
        (tmp_path / "weights.pt", "ends in none of"),
        (tmp_path, "neither saved_model.pb nor numbered versions"),
    ):
        with pytest.raises(ConfigError, match=f"{words}.*best.keras"):
            locate(path)


def test_a_version_tells_its_moods_and_its_resolution(version: Path) -> None:
    assert info_of(version) == ModelInfo(str(version), samples.MOODS, 32)


def test_a_foreign_saved_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no version that this project has pushed.*labels\.json"):
        info_of(make_version(tmp_path, "1"))


def test_true_wishes_and_no_wishes_agree(label_file: Path) -> None:
    check_expected(ExpectedModel(), FACTS)
    check_expected(expected_model(32, 4, label_file), FACTS)


@pytest.mark.parametrize(
    ("wishes", "said", "held"),
    [
        (ExpectedModel(input_size=224), "--input_size 224", "sees 32 pixels"),
        (ExpectedModel(classes=6), "--classes 6", "tells 4 moods apart"),
        (
            ExpectedModel(
                label=Path("l.json"), moods=("공포", "화남/불쾌", "행복/즐거움", "편안/안정")
            ),
            "--label l.json with 공포, 화남/불쾌, 행복/즐거움, 편안/안정",
            "was trained with 화남/불쾌, 공포, 행복/즐거움, 편안/안정",
        ),
    ],
)
def test_a_contradiction_is_an_error_that_says_both(
    expected: ExpectedModel, said: str, held: str
) -> None:
    with pytest.raises(ConfigError, match=f"{said}; but pushed/10 {held}"):
        check_expected(expected, FACTS)


def test_classes_must_be_those_of_the_label_file(label_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"--classes 6.*label\.json has 4"):
        expected_model(None, 6, label_file)


def test_a_broken_label_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "label.json").write_text('{"공포": 1, "평온": 2}', encoding="utf-8")
    with pytest.raises(ConfigError, match="--label: The indices must be"):
        expected_model(None, None, tmp_path / "label.json")
    with pytest.raises(ConfigError, match="--label: The label file cannot be read"):
        expected_model(None, None, tmp_path / "none.json")


def test_moods_without_names_get_the_default_map_if_its_length_fits() -> None:
    assert mood_names_for(ExpectedModel(), 6, "best.keras") == DEFAULT_MOODS
    with pytest.raises(ConfigError, match=r"best\.keras tells 4 .* default label map has 6"):
        mood_names_for(ExpectedModel(), 4, "best.keras")


def test_a_label_file_of_another_length_than_the_checkpoint_is_an_error(label_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"with 4 moods; but best\.keras tells 6 apart"):
        mood_names_for(expected_model(None, None, label_file), 6, "best.keras")
