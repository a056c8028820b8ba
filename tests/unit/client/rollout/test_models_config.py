"""The file models.config: read, checked and written as the server's own message."""

from pathlib import Path

import pytest

from client.rollout import models_config
from client.rollout.models_config import Served
from schemas.errors import ConfigError

OTHER = 'config { name: "other" base_path: "/models/other" model_platform: "tensorflow" }'


def write(folder: Path, policy: str, labels: str, more: str = "") -> Path:
    path = folder / "models.config"
    path.write_text(
        f'model_config_list {{ config {{ name: "pet_mood" base_path: "/models/pet_mood" '
        f"model_version_policy {{ {policy} }} {labels} }} {more} }}"
    )
    return path


def label(name: str, number: int) -> str:
    return f'version_labels {{ key: "{name}" value: {number} }} '


def test_what_is_written_is_read_again_and_other_models_stay(tmp_path: Path) -> None:
    path = write(tmp_path, "specific { versions: 9 }", label("stable", 9), OTHER)
    config = models_config.read(path, "pet_mood")
    config.with_served(config.served.pointing("canary", 10)).write()
    again = models_config.read(path, "pet_mood")
    assert again.served == Served((9, 10), {"stable": 9, "canary": 10})
    assert [each.name for each in again.message.model_config_list.config] == ["pet_mood", "other"]
    assert [file.name for file in tmp_path.iterdir()] == ["models.config"]


def test_without_a_version_its_labels_go_too() -> None:
    served = Served((9, 10), {"stable": 9, "canary": 10})
    assert served.without(10) == Served((9,), {"stable": 9})
    assert served.loading(8, 9) == Served((8, 9, 10), served.labels)


@pytest.mark.parametrize(
    ("policy", "labels", "said"),
    [
        ("specific { versions: 9 }", label("stable", 10), r"stable -> 10; the versions are 9"),
        ("specific { versions: 9 }", label("canary", 9), "must have the label stable"),
        ("specific { versions: 9 versions: 9 }", label("stable", 9), "none twice"),
        ("specific {}", "", "at least one version"),
        ("latest { num_versions: 2 }", label("stable", 9), "must be specific"),
        ("all {}", label("stable", 9), "must be specific"),
        ("", label("stable", 9), "must be specific"),
        ("specifically { versions: 9 }", "", "must be a ModelServerConfig"),
    ],
)
def test_a_file_that_a_server_would_not_serve_well_is_refused(
    tmp_path: Path, policy: str, labels: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        models_config.read(write(tmp_path, policy, labels), "pet_mood")


def test_nothing_is_written_that_would_be_refused(tmp_path: Path) -> None:
    config = models_config.new(tmp_path / "models.config", "pet_mood", "/models/pet_mood")
    with pytest.raises(ConfigError, match="stable -> 10"):
        config.with_served(Served((9,), {"stable": 10}))


def test_another_model_and_a_missing_file_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "specific { versions: 9 }", label("stable", 9), OTHER)
    with pytest.raises(ConfigError, match=r"models are pet_mood, other.*--model"):
        models_config.read(path, "cats")
    with pytest.raises(ConfigError, match=r"rollout\.py first VERSION"):
        models_config.read(tmp_path / "absent", "pet_mood")
