"""The model that is served now is the highest whole version."""

from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.model_resolvers.last_pushed import LastPushed, highest_version
from schemas.errors import ConfigError
from system import manifest

pytestmark = pytest.mark.slow


def version(serving: Path, name: str, content: str = "") -> None:
    folder = serving / name
    folder.mkdir(parents=True)
    if content:
        (folder / "saved_model.pb").write_text(content)


def put_out(serving: Path, target: Path) -> Path:
    model = standard_artifacts.Model()
    model.uri = str(target)
    executor = LastPushed.EXECUTOR_SPEC.executor_class()
    executor.Do({}, {"model": [model]}, {"serving": str(serving)})
    return target / "Format-Serving" / "saved_model.pb"


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    version(tmp_path / "serving", "9", "old")
    version(tmp_path / "serving", "10", "new")
    version(tmp_path / "serving", "canary", "none")
    assert put_out(tmp_path / "serving", tmp_path / "out").read_text() == "new"


def test_a_version_that_is_being_copied_is_skipped(tmp_path: Path) -> None:
    version(tmp_path, "1", "whole")
    version(tmp_path, "2")
    assert highest_version(str(tmp_path)) == 1


def test_a_changed_version_is_refused_and_one_without_a_manifest_is_not(tmp_path: Path) -> None:
    version(tmp_path / "serving", "9", "old")
    manifest.write(tmp_path / "serving" / "9")
    assert put_out(tmp_path / "serving", tmp_path / "first").read_text() == "old"
    (tmp_path / "serving" / "9" / "saved_model.pb").write_text("another")
    with pytest.raises(ConfigError, match=r"saved_model\.pb changed"):
        put_out(tmp_path / "serving", tmp_path / "second")


def test_where_nothing_was_pushed_the_model_is_empty(tmp_path: Path) -> None:
    assert not put_out(tmp_path / "serving", tmp_path / "out").exists()
    assert (tmp_path / "out").is_dir()
