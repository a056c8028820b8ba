"""The test server has TensorFlow Serving's rules for versions and labels."""

from pathlib import Path
from typing import Any

import pytest
from tensorflow_serving.config import model_server_config_pb2

from testing.serving.model_manager import ModelManager, RefusalError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in ("1", "2", "3"):
        (tmp_path / number).mkdir()
    return tmp_path


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def config(folder: Path, *versions: int, **labels: int) -> Any:
    message = model_server_config_pb2.ModelServerConfig()
    model = message.model_config_list.config.add(name="m", base_path=str(folder))
    model.model_version_policy.specific.versions.extend(versions)
    model.version_labels.update(labels)
    return message


def states(manager: ModelManager) -> dict[int, str]:
    return {number: state for number, (state, _) in manager.states("m").items()}


def test_a_label_in_use_moves_only_to_a_version_that_is_available(folder: Path) -> None:
    clock = Clock()
    manager = ModelManager(lambda path: path.name, load_seconds=5, clock=clock)
    manager.reload(config(folder, 1, stable=1))
    assert states(manager) == {1: "LOADING"}
    clock.now = 5
    assert states(manager) == {1: "AVAILABLE"}

    both_at_once = config(folder, 1, 2, stable=2)
    with pytest.raises(RefusalError, match=r"assign label to version 2 .* not currently available"):
        manager.reload(both_at_once)
    clock.now = 100
    assert states(manager) == {1: "AVAILABLE"}, "the whole file is refused"
    assert manager.labels("m") == {"stable": 1}

    manager.reload(config(folder, 1, 2, stable=1))
    with pytest.raises(RefusalError):
        manager.reload(both_at_once)
    clock.now = 105
    manager.reload(both_at_once)
    assert manager.labels("m") == {"stable": 2}


def test_a_new_label_may_come_with_its_version_where_the_flag_allows_it(folder: Path) -> None:
    manager = ModelManager(lambda path: path.name)
    manager.reload(config(folder, 1, stable=1))
    manager.reload(config(folder, 1, 2, stable=1, canary=2))
    assert manager.labels("m") == {"stable": 1, "canary": 2}
    with pytest.raises(RefusalError):
        ModelManager(lambda path: path.name, allow_unavailable_labels=False).reload(
            config(folder, 1, stable=1)
        )


def test_a_version_stays_until_the_new_one_is_loaded(folder: Path) -> None:
    clock = Clock()
    manager = ModelManager(lambda path: path.name, load_seconds=5, clock=clock)
    manager.reload(config(folder, 1))
    clock.now = 5
    states(manager)
    manager.reload(config(folder, 2))
    assert states(manager) == {1: "AVAILABLE", 2: "LOADING"}
    clock.now = 10
    assert states(manager) == {1: "END", 2: "AVAILABLE"}
    assert manager.servables("m") == {2: "2"}


def test_a_label_of_a_version_that_is_taken_out_points_to_nothing(folder: Path) -> None:
    manager = ModelManager(lambda path: path.name)
    manager.reload(config(folder, 1, 2))
    states(manager)
    manager.reload(config(folder, 2, stable=1))
    assert manager.labels("m")["stable"] not in manager.servables("m")


def test_a_version_that_is_not_there_is_passed_over_and_one_that_fails_ends(folder: Path) -> None:
    def load(path: Path) -> str:
        if path.name == "3":
            raise ValueError("no graph")
        return path.name

    manager = ModelManager(load)
    manager.reload(config(folder, 1, 3, 17))
    assert manager.states("m") == {1: ("AVAILABLE", ""), 3: ("END", "no graph")}


def test_other_rules_of_a_reload(folder: Path) -> None:
    manager = ModelManager(lambda path: path.name)
    manager.reload(model_server_config_pb2.ModelServerConfig())
    manager.reload(config(folder, 1))
    twice = config(folder, 1)
    twice.model_config_list.config.append(twice.model_config_list.config[0])
    custom = model_server_config_pb2.ModelServerConfig()
    custom.custom_model_config.SetInParent()
    platform = config(folder, 1)
    platform.model_config_list.config[0].model_platform = "other"
    relative = config(Path("models/m"), 1)
    for refused, said in (
        (twice, "multiple times"),
        (custom, "only legal to transition"),
        (platform, "platform"),
        (relative, "absolute path"),
    ):
        with pytest.raises(RefusalError, match=said):
            manager.reload(refused)
    assert states(manager) == {1: "AVAILABLE"}
