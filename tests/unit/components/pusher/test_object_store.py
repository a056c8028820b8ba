"""The push into an object store; TensorFlow's file system in memory stands in for a bucket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.dsl.io import fileio, filesystem_registry
from tfx.dsl.io.plugins.tensorflow_gfile import TensorflowFilesystem
from tfx.types import standard_artifacts

from components import serving_folder
from components.model_resolvers.last_pushed import LastPushed
from components.pusher import object_store
from schemas.errors import ConfigError
from system import manifest

pytestmark = pytest.mark.slow


class _Memory(TensorflowFilesystem):
    SUPPORTED_SCHEMES = ("ram://",)


@pytest.fixture
def base() -> Iterator[str]:
    """A serving folder in memory."""
    filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.register(
        _Memory, priority=10, use_as_fallback=False
    )
    yield "ram://bucket/serving/pet_mood"
    tf.io.gfile.rmtree("ram://bucket")


@pytest.fixture
def source(tmp_path: Path) -> str:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return str(folder)


def test_a_version_has_a_manifest_and_its_graph_comes_last(
    base: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    copy = object_store.io_utils.copy_file

    def noted(start: str, target: str) -> None:
        written.extend(sorted(serving_folder._files(f"{base}/5")))
        assert fileio.exists(f"{base}/5/{manifest.FILE}")
        copy(start, target)

    monkeypatch.setattr(object_store.io_utils, "copy_file", noted)
    push = object_store.push_version(source, base, 5)
    assert push.version == 5
    assert "saved_model.pb" not in written
    assert "variables/variables.index" in written
    assert serving_folder.check_version(f"{base}/5") == push.manifest_sha256


def test_a_later_version_is_higher_when_the_clock_was_set_back(base: str, source: str) -> None:
    pushes = [object_store.push_version(source, base, second) for second in (50, 40, 51)]
    assert [push.version for push in pushes] == [50, 51, 52]
    assert serving_folder.version_numbers(base) == [50, 51, 52]


def test_a_changed_version_is_no_baseline(base: str, source: str, tmp_path: Path) -> None:
    object_store.push_version(source, base, 5)
    model = standard_artifacts.Model()
    executor = LastPushed.EXECUTOR_SPEC.executor_class()

    model.uri = str(tmp_path / "first")
    executor.Do({}, {"model": [model]}, {"serving": base})
    assert (tmp_path / "first" / "Format-Serving" / "saved_model.pb").read_bytes() == b"graph"

    with fileio.open(f"{base}/5/saved_model.pb", "wb") as file:
        file.write(b"another")
    model.uri = str(tmp_path / "second")
    with pytest.raises(ConfigError, match=r"saved_model\.pb changed"):
        executor.Do({}, {"model": [model]}, {"serving": base})
