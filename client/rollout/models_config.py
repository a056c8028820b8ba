"""TensorFlow Serving's ``models.config``: which versions of a model are loaded, and their labels.

It is read, checked and compared by the server's own message, ``ModelServerConfig``
(tensorflow_serving/config/model_server_config.proto), which does not load TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from schemas.errors import ConfigError
from system.files import write_whole

STABLE, CANARY = "stable", "canary"
"""The labels: what everybody is answered by, and what is tried beside it."""

_HEADER = """\
# The versions that TensorFlow Serving loads, and what each label points to. Written by rollout.py,
# which keeps no other comments; docs/serving.md has the order that changes by hand must have.
"""


@dataclass(frozen=True)
class Served:
    """What a configuration says of one model.

    Attributes:
      versions: numbers to load, in rising order.
      labels: the version that each label points to; ``STABLE`` is one of them.
    """

    versions: tuple[int, ...]
    labels: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Returns it in one line."""
        labels = ", ".join(f"{label} -> {number}" for label, number in sorted(self.labels.items()))
        return f"versions {', '.join(map(str, self.versions))}; {labels or 'no label'}"

    def loading(self, *numbers: int) -> "Served":
        """Returns the same with more versions."""
        return Served(tuple(sorted({*self.versions, *numbers})), self.labels)

    def pointing(self, label: str, number: int) -> "Served":
        """Returns the same with a label moved to a version, which is loaded too."""
        return Served(self.loading(number).versions, {**self.labels, label: number})

    def without(self, number: int) -> "Served":
        """Returns the same without a version, and without the labels that point to it."""
        labels = {label: each for label, each in self.labels.items() if each != number}
        return Served(tuple(each for each in self.versions if each != number), labels)


@dataclass(frozen=True)
class ModelsConfig:
    """A file's content; other models in it are kept as they are.

    Attributes:
      path: of the file.
      model: the model's name.
      message: the whole ``ModelServerConfig``.
    """

    path: Path
    model: str
    message: Any = field(repr=False)

    @property
    def served(self) -> Served:
        """What it says of the model."""
        entry = _entry(self.message, self.model, self.path)
        versions = tuple(sorted(entry.model_version_policy.specific.versions))
        return Served(versions, dict(entry.version_labels))

    def with_served(self, served: Served) -> "ModelsConfig":
        """Returns the configuration with other versions and labels of the model.

        Raises:
          ConfigError: a server would refuse it, or answer a label by nothing.
        """
        _check(served, self.path)
        message = model_server_config_pb2.ModelServerConfig()
        message.CopyFrom(self.message)
        entry = _entry(message, self.model, self.path)
        entry.model_version_policy.specific.versions[:] = served.versions
        entry.version_labels.clear()
        entry.version_labels.update(served.labels)
        return ModelsConfig(self.path, self.model, message)

    def write(self) -> None:
        """Writes the file whole, after it was parsed again as the server will parse it."""
        text = _HEADER + text_format.MessageToString(self.message, as_utf8=True)
        if _parsed(text, self.path) != self.message:
            raise AssertionError(f"{self.path} would not be what was meant")
        write_whole(self.path, text)


def read(path: Path, model: str) -> ModelsConfig:
    """Returns the content of a file that serves a model.

    Raises:
      ConfigError: it cannot be read or parsed, has not exactly one entry for the model, or one
        whose versions are not named one by one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"--config must be TensorFlow Serving's models.config. Received: {path} ({error}). "
            "A new one is written by: rollout.py first VERSION"
        ) from error
    config = ModelsConfig(path, model, _parsed(text, path))
    _check(config.served, path)
    return config


def new(path: Path, model: str, base_path: str) -> ModelsConfig:
    """Returns a configuration of one model without any version.

    Args:
      path: of the file.
      model: its name.
      base_path: folder of its versions as the server sees it.
    """
    message = model_server_config_pb2.ModelServerConfig()
    entry = message.model_config_list.config.add()
    entry.name, entry.base_path, entry.model_platform = model, base_path, "tensorflow"
    entry.model_version_policy.specific.SetInParent()
    return ModelsConfig(path, model, message)


def _parsed(text: str, path: Path) -> Any:
    message = model_server_config_pb2.ModelServerConfig()
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise ConfigError(
            f"{path} must be a ModelServerConfig in Protobuf's text form. Received: {error}"
        ) from error


def _entry(message: Any, model: str, path: Path) -> Any:
    found = [each for each in message.model_config_list.config if each.name == model]
    if len(found) != 1:
        names = ", ".join(each.name for each in message.model_config_list.config) or "none"
        raise ConfigError(
            f"{path} must have one entry for the model {model!r}. Received: {len(found)}; its "
            f"models are {names}. Name another with --model"
        )
    (entry,) = found
    if entry.model_version_policy.WhichOneof("policy_choice") != "specific":
        raise ConfigError(
            f"The model_version_policy of {model} in {path} must be specific: with latest or all "
            "nobody decides what is served, and a label's version may be unloaded. Name the "
            "versions under specific"
        )
    return entry


def _check(served: Served, path: Path) -> None:
    if not served.versions or len(set(served.versions)) != len(served.versions):
        raise ConfigError(
            f"{path} must name at least one version, and none twice. "
            f"Received: {', '.join(map(str, served.versions)) or 'none'}"
        )
    lost = {label: number for label, number in served.labels.items()
            if number not in served.versions}  # fmt: skip
    if lost:
        label, number = min(lost.items())
        raise ConfigError(
            f"A label must point to a version that {path} loads. Received: {label} -> {number}; "
            f"the versions are {', '.join(map(str, served.versions))}"
        )
    if STABLE not in served.labels:
        raise ConfigError(
            f"{path} must have the label {STABLE}, which clients name. Received: {served}"
        )
