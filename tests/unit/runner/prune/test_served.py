"""What a server's configuration says must stay."""

from pathlib import Path

import pytest

from client.rollout import models_config
from client.rollout.models_config import Served
from runner.prune import command
from runner.prune.command import served_pins
from runner.prune.served import Pins, read_pins
from schemas.errors import ConfigError


def pins(folder: Path, policy: str, labels: str = "") -> Pins:
    path = folder / "models.config"
    path.write_text(
        f"model_config_list {{ config {{ name: 'a' {labels} }} config {{ name: 'b' "
        f"model_version_policy {{ {policy} }} }} }}"
    )
    return read_pins(path)


def test_versions_and_labels_of_every_model_stay(tmp_path: Path) -> None:
    found = pins(
        tmp_path,
        "specific { versions: 5 versions: 7 }",
        "version_labels { key: 'stable' value: 3 }",
    )
    assert found == Pins(frozenset([3, 5, 7]), 1, False)


def test_the_other_policies_are_understood(tmp_path: Path) -> None:
    assert pins(tmp_path, "latest { num_versions: 4 }") == Pins(latest=4)
    assert pins(tmp_path, "all {}") == Pins(all=True)
    assert pins(tmp_path, "") == Pins()


def test_the_file_of_rollout_py_is_read_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "models.config"
    monkeypatch.setattr(command, "_MODELS_CONFIG", path)
    assert served_pins("") == Pins()
    served = Served((3, 7), {"stable": 3})
    models_config.new(path, "pet_mood", "/models/pet_mood").with_served(served).write()
    assert served_pins("") == Pins(frozenset([3, 7]), 1, False)


@pytest.mark.parametrize("content", [b"model_config_list { config {", b"\xff", None])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "models.config"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"retain\.models_config must be.*models\.config"):
        served_pins(str(path))
