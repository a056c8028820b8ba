"""The Pusher's executor on artifacts of models, with its own clock only in their creation."""

import shutil
from pathlib import Path

import pytest
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.pusher import warm_up
from components.pusher.executor import Executor
from schemas import artifacts
from schemas.errors import ConfigError
from system import manifest
from testing.models.servables import quadrant_servable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A servable around ``samples.quadrant_network``."""
    return quadrant_servable(tmp_path_factory, box_margin=0.25)


@pytest.fixture(autouse=True)
def one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warms up for one size of a batch: all are tried in ``test_warm_up``, and take 15 s."""
    monkeypatch.setattr(warm_up, "BATCHES", (1,))


def push(
    folder: Path, servable: Path, name: str, milliseconds: int
) -> standard_artifacts.PushedModel:
    """Pushes a Model artifact of that name and time, made of the servable if it is not there."""
    model = standard_artifacts.Model()
    model.uri = str(folder / "model" / name)
    model.mlmd_artifact.create_time_since_epoch = milliseconds
    if not Path(model.uri).exists():
        shutil.copytree(servable, Path(model.uri, "Format-Serving"))
    pushed = standard_artifacts.PushedModel()
    pushed.uri = str(folder / "pushed" / name)
    destination = pusher_pb2.PushDestination()
    destination.filesystem.base_directory = str(folder / "serving" / "pet_mood")
    Executor().Do(
        {"model": [model]},
        {"pushed_model": [pushed]},
        {"push_destination": proto_utils.proto_to_json(destination)},
    )
    return pushed


def property_of(pushed: standard_artifacts.PushedModel, name: str) -> str:
    return str(pushed.get_string_custom_property(name))


def test_the_newest_push_is_the_highest_version_and_a_model_has_one(
    servable: Path, tmp_path: Path
) -> None:
    first = push(tmp_path, servable, "1", 1763900000_900)
    second = push(tmp_path, servable, "2", 1763800000_000)
    assert [property_of(each, "pushed_version") for each in (first, second)] == [
        "1763900000",
        "1763900001",
    ]
    serving = tmp_path / "serving" / "pet_mood"
    for each, number in ((first, "1763900000"), (second, "1763900001")):
        version = serving / number
        assert property_of(each, artifacts.PUSHED_DESTINATION) == str(version)
        assert property_of(each, artifacts.MANIFEST_SHA256) == manifest.check(version)
        assert "assets.extra/tf_serving_warmup_requests" in (version / manifest.FILE).read_text()

    again = push(tmp_path, servable, "1", 1763900000_900)
    assert property_of(again, "pushed_version") == "1763900000"
    assert property_of(again, artifacts.MANIFEST_SHA256) == property_of(
        first, artifacts.MANIFEST_SHA256
    )
    assert len(list(serving.iterdir())) == 2

    (serving / "1763900000" / "fingerprint.pb").unlink()
    with pytest.raises(ConfigError, match=r"fingerprint\.pb missing"):
        push(tmp_path, servable, "1", 1763900000_900)


def test_a_version_that_was_deleted_comes_back_byte_for_byte(
    servable: Path, tmp_path: Path
) -> None:
    first = push(tmp_path, servable, "1", 1763900000_000)
    shutil.rmtree(property_of(first, artifacts.PUSHED_DESTINATION))
    again = push(tmp_path, servable, "1", 1763900000_000)
    for name in ("pushed_version", artifacts.MANIFEST_SHA256):
        assert property_of(again, name) == property_of(first, name)
