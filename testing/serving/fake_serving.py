"""A fake TensorFlow Serving, as the real one cannot be installed.

It asks SavedModels loaded by TensorFlow. Its errors have the codes and texts of TensorFlow Serving
2.16's source; ``testing.serving.model_manager`` has its rules for versions and labels. A test can
make it fail, wait or limit requests. ``fake_grpc`` and ``fake_rest`` are its interfaces.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import tensorflow as tf
from tensorflow_serving.config import model_server_config_pb2

from testing.serving.model_manager import ModelManager, RefusalError


class HandledRequest(NamedTuple):
    """A request that got predictions."""

    signature: str
    version: int
    num_pictures: int


class FakeServing:
    """The models, shared by both interfaces.

    Attributes:
      faults: errors for the next requests, first to last.
      seconds: delay of each request.
      max_batch_size: limit of batching that does not split larger batches.
      max_bytes: size limit of a request; a proxy in front of a server may have one.
      handled: the requests that got predictions.
      reloads: commands to serve other models, each the models' base paths.
      refuses_by_code: whether a refused command has a gRPC code, or only a status in its answer.
    """

    def __init__(
        self,
        name: str,
        versions: Path | ModelManager,
        labels: dict[str, int] | None = None,
    ) -> None:
        """Serves a model.

        Args:
          name: of the model.
          versions: folder of versions, all of which are served; or what manages them.
          labels: of these versions.
        """
        self.name = name
        if isinstance(versions, Path):
            self.manager = ModelManager(lambda path: tf.saved_model.load(str(path)))
            self.manager.reload(_config_of_all(name, versions, labels or {}))
        else:
            self.manager = versions
        self.manager.states(name)
        self.faults: list[RefusalError] = []
        self.seconds = 0.0
        self.max_batch_size: int | None = None
        self.max_bytes: int | None = None
        self.handled: list[HandledRequest] = []
        self.reloads: list[list[str]] = []
        self.refuses_by_code = True

    @property
    def _loaded(self) -> dict[int, Any]:
        return self.manager.servables(self.name)

    @property
    def versions(self) -> list[int]:
        """The served versions, the newest first."""
        return sorted(self._loaded, reverse=True)

    def version_of(self, model: str, version: int | None, label: str | None) -> int:
        """Returns the version that a request means."""
        labels = self.manager.labels(self.name)
        if label is not None and label not in labels:
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"
            )
        served = self.versions
        number = labels[label] if label else version or (served[0] if served else 0)
        if model != self.name or number not in served:
            requested = f"Specific({model}, {number})" if version or label else f"Latest({model})"
            raise RefusalError(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {requested}"
            )
        return number

    def signature_inputs(self, name: str) -> set[str]:
        """Returns the input names of a signature of the newest version."""
        signature = self._loaded[self.versions[0]].signatures[name]
        return set(signature.structured_input_signature[1])

    def predict(
        self, model: str, version: int | None, label: str | None, signature: str, inputs: Any
    ) -> tuple[int, dict[str, Any]]:
        """Returns the version that predicts, and its outputs as arrays."""
        # Before the delay: a client may give up, and the next test then replaces the list.
        handled = self.handled
        time.sleep(self.seconds)
        if self.faults:
            raise self.faults.pop(0)

        # Version and signature.
        number = self.version_of(model, version, label)
        signatures = self._loaded[number].signatures
        signature = signature or "serving_default"
        if signature not in signatures:
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f'Serving signature key "{signature}" not found.',
            )

        # Inputs.
        count = len(next(iter(inputs.values())))
        if self.max_batch_size is not None and count > self.max_batch_size:
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"Task size {count} is larger than maximum input batch size {self.max_batch_size}",
            )
        specs = signatures[signature].structured_input_signature[1]
        if set(specs) != set(inputs):
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"input size does not match signature: {len(inputs)}!={len(specs)}",
            )

        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        outputs = signatures[signature](**tensors)
        handled.append(HandledRequest(signature, number, count))
        return number, {name: tensor.numpy() for name, tensor in outputs.items()}


def _config_of_all(name: str, versions: Path, labels: dict[str, int]) -> Any:
    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add(name=name, base_path=str(versions.resolve()))
    model.model_platform = "tensorflow"
    model.model_version_policy.all.SetInParent()
    model.version_labels.update(labels)
    return config
