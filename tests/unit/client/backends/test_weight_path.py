"""The value of --weight_path; no TensorFlow."""

import json
import shutil
from pathlib import Path

import pytest

from client.backends.model import ModelInfo
from client.backends.weight_path import locate_weights, read_model_info
from schemas import signatures
from schemas.errors import ConfigError
from testing.models import quadrants


def make_version(folder: Path, name: str) -> Path:
    version = folder / name
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    return version


def test_the_highest_version_is_chosen_by_number_and_not_by_text(tmp_path: Path) -> None:
    for name in ("9", "10", "2"):
        make_version(tmp_path, name)
    found = locate_weights(tmp_path)
    assert (found.path, found.is_version) == (tmp_path / "10", True)
    assert found.note == f"version 10 of {tmp_path} (the highest of 3)"


def test_incomplete_and_unnumbered_folders_are_skipped(tmp_path: Path) -> None:
    make_version(tmp_path, "7")
    make_version(tmp_path, "8.partial")
    make_version(tmp_path, "latest")
    (tmp_path / "99").mkdir()  # Without saved_model.pb.
    assert locate_weights(tmp_path).path == tmp_path / "7"


def test_a_version_itself_may_be_named(tmp_path: Path) -> None:
    make_version(tmp_path, "10")
    assert locate_weights(make_version(tmp_path, "9")) == (tmp_path / "9", True, "")


@pytest.mark.parametrize("name", ["best.keras", "old.h5", "w.weights.h5", "w.hdf5"])
def test_a_checkpoint_is_recognised_by_its_ending(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert locate_weights(tmp_path / name) == (tmp_path / name, False, "")


def test_missing_weights_and_other_kinds_of_files_are_errors(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").touch()
    for path, message in (
        (tmp_path / "W", "does not exist"),
        (tmp_path / "weights.pt", "ends in none of"),
        (tmp_path, "neither saved_model.pb nor numbered versions"),
    ):
        with pytest.raises(ConfigError, match=f"{message}.*best.keras"):
            locate_weights(path)


def test_the_moods_and_the_resolution_of_a_version_are_read(version: Path) -> None:
    assert read_model_info(version) == ModelInfo(str(version), quadrants.MOODS, 32)


def test_a_version_of_before_box_overhang_has_the_same_facts(version: Path, tmp_path: Path) -> None:
    old = tmp_path / "7"
    shutil.copytree(version / signatures.EXTRAS_FOLDER, old / signatures.EXTRAS_FOLDER)
    spec = old / signatures.EXTRAS_FOLDER / signatures.SPEC_ASSET
    facts = json.loads(spec.read_text(encoding="utf-8"))
    del facts["box_overhang"]
    spec.write_text(json.dumps(facts), encoding="utf-8")
    assert read_model_info(old) == ModelInfo(str(old), quadrants.MOODS, 32)


def test_a_foreign_saved_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pushed or exported.*labels\.json"):
        read_model_info(make_version(tmp_path, "1"))
