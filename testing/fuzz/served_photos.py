"""Photos in requests to a servable, beside a sound photo of somebody else."""

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from models.servable import export
from models.servable.rows import CHUNK_SIZE
from models.servable.serving_spec import ServingSpec
from schemas import signatures
from testing.fuzz.photos import sound_photos
from testing.models import quadrants

_NEIGHBOUR_TOLERANCE = 1e-6
_BOX = (5, 5, 20, 20)
_STATUSES = (
    signatures.STATUS_OK,
    signatures.STATUS_IMAGE_UNREADABLE,
    signatures.STATUS_IMAGE_TOO_LARGE,
    signatures.STATUS_BOX_OUTSIDE_IMAGE,
)


class ServedPhotos:
    """Photos asked of ``serving_default`` and, with a box, of ``serve_box``."""

    def __init__(self, servable: Any = None) -> None:
        """Keeps a loaded servable; None exports a small one."""
        self.sound = sound_photos()
        self.batch_size = CHUNK_SIZE - 1
        self._loaded = servable or _small_servable()
        self._neighbour = quadrants.encoded(quadrants.red_at(2, 48, 48), "JPEG")
        self._alone = [self._ask([self._neighbour], box) for box in (None, _BOX)]

    def outcomes(self, inputs: Sequence[bytes]) -> list[str]:
        photos = [*inputs, self._neighbour]
        whole, boxed = (self._ask(photos, box) for box in (None, _BOX))
        assert signatures.STATUS_BOX_OUTSIDE_IMAGE not in self._check(whole)
        self._check(boxed)
        for answer, alone in zip((whole, boxed), self._alone, strict=True):
            np.testing.assert_allclose(
                answer[signatures.PROBABILITIES][-1:],
                alone[signatures.PROBABILITIES],
                atol=_NEIGHBOUR_TOLERANCE,
            )
        return self._check(whole)[:-1]

    def _ask(self, photos: Sequence[bytes], box: Sequence[int] | None) -> dict[str, Any]:
        inputs = {signatures.IMAGE_BYTES: tf.constant(list(photos), tf.string)}
        name = signatures.SERVE_IMAGE
        if box is not None:
            name = signatures.SERVE_BOX
            inputs[signatures.BOX] = tf.constant([box] * len(photos), tf.int64)
        outputs = self._loaded.signatures[name](**inputs)
        return {key: tensor.numpy() for key, tensor in outputs.items()}

    def _check(self, answer: dict[str, Any]) -> list[str]:
        """Returns the statuses; raises an AssertionError where the contract does not hold."""
        words = [word.decode() for word in answer[signatures.STATUS]]
        probabilities = answer[signatures.PROBABILITIES]
        unknown = set(words) - set(_STATUSES)
        assert not unknown, f"statuses that no client knows: {unknown}"
        is_ok = np.asarray([word == signatures.STATUS_OK for word in words])
        assert np.isfinite(probabilities).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), is_ok, atol=1e-5)
        assert ((answer[signatures.MOOD_INDEX] >= 0) == is_ok).all()
        assert ((answer[signatures.MOOD] != b"") == is_ok).all()
        return words


def _small_servable() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        spec = ServingSpec(quadrants.MOODS, quadrants.SIDE, 0.05)
        export.write_servable(quadrants.quadrant_network(), spec, "none", folder)
        return tf.saved_model.load(folder)
