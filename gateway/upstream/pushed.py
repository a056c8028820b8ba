"""A pushed version in this process, for development without TensorFlow Serving.

TensorFlow is loaded here and nowhere else in the gateway.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gateway.calls import Answer, Call, Target
from gateway.upstream.interface import NoSuchModelError, UpstreamError, VersionState

_LABELS = ("stable",)
"""Labels that stand for the version; docs/serving.md tells clients to name this one."""


class PushedVersion:
    """See ``gateway.upstream.interface.Upstream``."""

    def __init__(
        self, number: int, predict: Callable[[Call], list[dict[str, Any]]], threads: int
    ) -> None:
        """Keeps the version.

        Args:
          number: of the version.
          predict: returns the rows that answer a call; several threads call it at once.
          threads: calls that are answered at the same time.
        """
        self._number, self._predict = number, predict
        self._pool = ThreadPoolExecutor(threads, "model")

    async def predict(self, call: Call, target: Target) -> Answer:
        """See the interface."""
        self._check(target)
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.run_in_executor(self._pool, self._predict, call)
        except Exception as error:  # Whatever TensorFlow raises; it is this request's.
            raise UpstreamError(f"{type(error).__name__}: {error}") from error
        return Answer(self._number, rows)

    async def current_version(self, target: Target) -> int:
        """See the interface."""
        self._check(target)
        return self._number

    async def states(self) -> Sequence[VersionState]:
        """See the interface."""
        return [VersionState(self._number, "AVAILABLE")]

    async def close(self) -> None:
        """See the interface."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _check(self, target: Target) -> None:
        if (target.version is not None and target.version != self._number) or (
            target.label is not None and target.label not in _LABELS
        ):
            wanted = target.version if target.version is not None else target.label
            words = f"Servable not found for request: {wanted}; there is {self._number}, stable"
            raise NoSuchModelError(words, words)


def load_pushed(folder: Path, threads: int) -> PushedVersion:
    """Loads a pushed version; takes seconds.

    Args:
      folder: contains ``saved_model.pb``; its name is the version's number, or else that is 1.
      threads: calls that are answered at the same time.

    Raises:
      ConfigError: it cannot be loaded, or lacks a signature.
    """
    import tensorflow as tf

    from client.backends.saved_model import SavedModel
    from client.backends.weight_path import read_model_info
    from gateway.forms.tensors import KINDS, STRING
    from system.pushed_versions import version_number

    loaded = SavedModel(folder, read_model_info(folder)).signatures

    def predict(call: Call) -> list[dict[str, Any]]:
        tensors = {
            name: tf.constant(list(values), tf.string if KINDS[name] == STRING else tf.int64)
            for name, values in call.inputs.items()
        }
        outputs = {
            name: tensor.numpy() for name, tensor in loaded[call.signature](**tensors).items()
        }
        columns = {name: _texts(array.tolist()) for name, array in outputs.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    number = version_number(folder.resolve().name)
    return PushedVersion(1 if number is None else number, predict, threads)


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value
