"""Which versions a server loads and what labels mean, by the rules of TensorFlow Serving 2.16.

Written after its source, from memory and documentation, as the program cannot be installed:
``ServerCore::ReloadConfig`` and ``UpdateModelVersionLabelMap``
(tensorflow_serving/model_servers/server_core.cc), the file system source, and the policy that
keeps a version until the new ones are loaded (availability_preserving_policy.cc).
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from system.pushed_versions import version_numbers

LOADING, AVAILABLE, END = "LOADING", "AVAILABLE", "END"


class RefusalError(Exception):
    """An error that the server returns in place of an answer."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass
class _Version:
    state: str
    ready: float
    servable: Any = None
    error: str = ""


@dataclass
class ModelManager:
    """The models of one server.

    Attributes:
      load: loads the servable in a folder; its error makes the version fail.
      mounts: the folder on this machine of each ``base_path``, as a container mounts it.
      allow_unavailable_labels: the flag ``--allow_version_labels_for_unavailable_models``.
      load_seconds: time that a version is ``LOADING``.
      clock: returns seconds.
    """

    load: Callable[[Path], Any]
    mounts: Mapping[str, Path] = field(default_factory=dict)
    allow_unavailable_labels: bool = True
    load_seconds: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _models: dict[str, Any] = field(default_factory=dict)
    _versions: dict[str, dict[int, _Version]] = field(default_factory=dict)
    _labels: dict[str, dict[str, int]] = field(default_factory=dict)
    _is_configured: bool = False
    _lock: Any = field(default_factory=threading.RLock)

    def poll(self, file: Path) -> str:
        """Reads a file as the server does every few seconds; returns what it would log.

        A server that starts does not look again before its models' first versions are there
        (``ServerCore::WaitUntilServablesAvailable``).
        """
        if any(self._is_starting(name) for name in [*self._models]):
            return ""
        config = model_server_config_pb2.ModelServerConfig()
        try:
            text_format.Parse(file.read_text("utf-8"), config)
            self.reload(config)
        except (OSError, text_format.ParseError) as error:
            return str(error)
        except RefusalError as refusal:
            return refusal.text
        return ""

    def reload(self, config: Any) -> None:
        """Takes a ``ModelServerConfig``, or raises RefusalError and goes on as before."""
        with self._lock:
            self._reload(config)

    def _reload(self, config: Any) -> None:
        kind = config.WhichOneof("config")
        if kind is None and not self._is_configured:
            return
        if kind != "model_config_list":
            raise RefusalError(
                grpc.StatusCode.FAILED_PRECONDITION,
                "Cannot transition to requested config. It is only legal to transition from one "
                "ModelConfigList to another.",
            )
        models = config.model_config_list.config
        self._check(models)
        # The labels come first: a version of the same file is not loaded yet.
        self._labels = self._new_labels(models)
        self._is_configured = True
        self._models = {model.name: model for model in models}
        for name in [*self._versions]:
            if name not in self._models:
                del self._versions[name]
        for name, model in self._models.items():
            self._aspire(name, model)

    def states(self, name: str) -> dict[int, tuple[str, str]]:
        """Returns (state, error) by version; {} for a model that there is not."""
        with self._lock:
            self._settle(name)
        return {n: (v.state, v.error) for n, v in self._versions.get(name, {}).items()}

    def servables(self, name: str) -> dict[int, Any]:
        """Returns the versions that answer."""
        with self._lock:
            self._settle(name)
        return {
            number: version.servable
            for number, version in self._versions.get(name, {}).items()
            if version.state == AVAILABLE
        }

    def labels(self, name: str) -> dict[str, int]:
        """Returns the version that each label points to, loaded or not."""
        return self._labels.get(name, {})

    def _is_starting(self, name: str) -> bool:
        states = [state for state, _ in self.states(name).values()]
        return LOADING in states and AVAILABLE not in states

    def _check(self, models: Any) -> None:
        names = [model.name for model in models]
        for model in models:
            if names.count(model.name) > 1:
                raise RefusalError(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"Illegal to list model {model.name} multiple times in config list",
                )
            if not model.base_path.startswith("/") and "://" not in model.base_path:
                raise RefusalError(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"Expected model {model.name} to have an absolute path or URI; got "
                    f"base_path()={model.base_path}",
                )
            before = self._models.get(model.name)
            if before is not None and before.model_platform != model.model_platform:
                raise RefusalError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"Illegal to change a served model's platform: {model.name}",
                )

    def _new_labels(self, models: Any) -> dict[str, dict[str, int]]:
        new: dict[str, dict[str, int]] = {}
        for model in models:
            states = self.states(model.name)
            for label, number in model.version_labels.items():
                is_new = label not in self._labels.get(model.name, {})
                if not (is_new and self.allow_unavailable_labels) and (
                    states.get(number, ("", ""))[0] != AVAILABLE
                ):
                    raise RefusalError(
                        grpc.StatusCode.FAILED_PRECONDITION,
                        f"Request to assign label to version {number} of model {model.name}, "
                        "which is not currently available for inference",
                    )
                new.setdefault(model.name, {})[label] = number
        return new

    def _aspired(self, model: Any) -> set[int]:
        """Returns the versions that the model's policy wants and that are there."""
        there = version_numbers(self.mounts.get(model.base_path, Path(model.base_path)))
        policy = model.model_version_policy
        if policy.HasField("all"):
            return set(there)
        if policy.HasField("specific"):
            return set(there) & set(policy.specific.versions)
        return set(there[-(policy.latest.num_versions or 1) :])

    def _aspire(self, name: str, model: Any) -> None:
        versions = self._versions.setdefault(name, {})
        for number in self._aspired(model):
            if number not in versions or versions[number].state == END:
                versions[number] = _Version(LOADING, self.clock() + self.load_seconds)

    def _settle(self, name: str) -> None:
        """Loads what is due, then unloads what is no longer wanted."""
        if name not in self._models:
            return
        model, versions = self._models[name], self._versions[name]
        folder = self.mounts.get(model.base_path, Path(model.base_path))
        for number, version in versions.items():
            if version.state == LOADING and self.clock() >= version.ready:
                try:
                    version.servable = self.load(folder / str(number))
                    version.state = AVAILABLE
                except Exception as error:  # Whatever a servable's loader raises.
                    version.state, version.error = END, str(error)
        aspired = self._aspired(model)
        if all(versions[n].state == AVAILABLE for n in aspired & versions.keys()):
            for number in versions.keys() - aspired:
                versions[number] = _Version(END, 0.0)


@contextlib.contextmanager
def polling(manager: ModelManager, file: Path, seconds: float = 0.02) -> Iterator[list[str]]:
    """Reads a file again and again, as a server does; yields its log, one line each new error."""
    stop, log = threading.Event(), [""]

    def poll() -> None:
        while not stop.wait(seconds):
            error = manager.poll(file) if file.exists() else ""
            if error != log[-1]:
                log.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield log
    finally:
        stop.set()
        thread.join()
