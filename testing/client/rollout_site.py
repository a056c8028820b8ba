"""Versions, a configuration and servers, for the roll-out."""

from pathlib import Path
from typing import Any

import rollout
from client.rollout import models_config
from client.rollout.models_config import Served
from system import manifest
from testing.serving.fake_serving import FakeServing
from testing.serving.model_manager import ModelManager


class Site:
    """A folder of versions, a configuration, and servers that read both."""

    def __init__(self, folder: Path) -> None:
        self.models = folder / "pet_mood"
        self.config = folder / "config" / "models.config"
        self.config.parent.mkdir()
        self.servers: list[FakeServing] = []
        self.addresses: list[str] = []

    def add_version(self, number: int, *, fails: bool = False) -> None:
        version = self.models / str(number)
        version.mkdir(parents=True)
        (version / "saved_model.pb").write_text("broken" if fails else "graph")
        manifest.write(version)

    def new_server(self, load_seconds: float = 0.0) -> FakeServing:
        manager = ModelManager(
            load_version, {"/models/pet_mood": self.models}, load_seconds=load_seconds
        )
        serving = FakeServing("pet_mood", manager)
        self.servers.append(serving)
        return serving

    def run(self, *arguments: str, servers: bool = True, wait: str = "5") -> int:
        named = [f"--server={address}" for address in self.addresses if servers]
        return rollout.main(
            [*arguments, "--config", str(self.config), "--models", str(self.models),
             "--wait", wait, *named]
        )  # fmt: skip

    def served(self) -> Served:
        return models_config.read(self.config, "pet_mood").served

    def answers(self) -> list[dict[str, int | None]]:
        """Returns the version that each server answers to each label."""
        return [
            {label: number if number in serving.versions else None
             for label, number in serving.manager.labels("pet_mood").items()}
            for serving in self.servers
        ]  # fmt: skip


def load_version(path: Path) -> Any:
    if (path / "saved_model.pb").read_text() == "broken":
        raise ValueError("no such op")
    return object()
