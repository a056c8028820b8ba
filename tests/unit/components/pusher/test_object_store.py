"""The push into an object store, on servers of this machine."""

from pathlib import Path

import pytest
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts

from components import serving_folder
from components.model_resolvers.last_pushed import LastPushed
from components.pusher import object_store
from pipeline.container import s3_filesystem
from schemas.errors import ConfigError
from system import manifest, storage
from system.buckets import folders

pytestmark = pytest.mark.slow


@pytest.fixture
def base(bucket: str) -> str:
    """A serving folder in a bucket."""
    s3_filesystem.register()
    return f"{bucket}/serving/pet_mood"


@pytest.fixture
def source(tmp_path: Path) -> str:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return str(folder)


def test_a_version_has_a_manifest_and_its_graph_comes_last(base: str, source: str) -> None:
    push = object_store.push_version(
        source, base, 5, lambda staged: (staged / "extra").write_bytes(b"warm")
    )
    assert push.version == 5
    assert serving_folder.check_version(f"{base}/5") == push.manifest_sha256
    assert storage.read_bytes(f"{base}/5/extra") == b"warm"


def test_without_its_graph_a_version_is_none(
    base: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    real = folders.store_of

    def noted(address: str) -> tuple[object, str]:
        if address.endswith("saved_model.pb"):
            sent.extend(sorted(path for path, _ in folders.objects(f"{base}/5")))
            raise PermissionError(13, "denied", address)
        return real(address)

    monkeypatch.setattr(folders, "store_of", noted)
    with pytest.raises(PermissionError):
        object_store.push_version(source, base, 5)
    assert {path.removeprefix(f"{base}/5/") for path in sent} == {
        manifest.FILE,
        "variables/variables.index",
    }


def test_a_version_that_does_not_answer_is_not_sent(base: str, source: str) -> None:
    def refuse(staged: Path) -> None:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        object_store.push_version(source, base, 5, refuse)
    assert serving_folder.version_numbers(base) == []


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
