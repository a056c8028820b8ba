"""An export that predicts with the same functions as a servable's signatures.

Photos are checked, decoded and resized by the functions that the servable has as a graph, so that
pixels, statuses and limits are the servable's. The runtime computes the network alone.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from client.backends.export_path import read_parameters
from client.backends.model import ModelInfo, Response
from dataset.boxes import PixelBox
from models.exporting import runtimes
from models.exporting.photos import PhotoReader
from models.inputs.prepared_photo import Limits, Outcome
from models.servable.answers import STATUSES
from models.servable.rows import CHUNK_SIZE
from models.servable.serving_spec import ServingSpec
from schemas import signatures
from schemas.errors import ConfigError
from system.printable import printable

_MAX_REASON = 400
"""Characters of a runtime's message."""


class ExportedModel:
    """A network in another runtime, with the servable's preprocessing; a ``Model``."""

    def __init__(self, file: Path, info: ModelInfo) -> None:
        """Loads it.

        Args:
          file: of ``schemas.exports.MODEL_FILES``; the label map and the parameters of the
            preprocessing are beside it.
          info: from ``client.backends.export_path.read_export_info``.

        Raises:
          ConfigError: it cannot be loaded, or maps something else.
        """
        self.info = info
        assert info.resolution is not None
        parameters = read_parameters(file)
        network = _opened(file, info.resolution, len(info.mood_names))
        spec = ServingSpec(
            info.mood_names,
            info.resolution,
            parameters.box_margin,
            Limits(parameters.max_image_pixels, parameters.max_image_bytes),
            parameters.box_overhang,
        )

        self._network = network
        self._unsure_below = parameters.unsure_below
        self._reader = PhotoReader(spec)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``."""
        responses = []
        for start in range(0, len(pictures), CHUNK_SIZE):
            chunk = slice(start, start + CHUNK_SIZE)
            prepared = self._reader.read(pictures[chunk], boxes and boxes[chunk])
            predicted = iter(self._network(prepared.pixels) if len(prepared.pixels) else ())
            responses += [
                self._response(outcome, next(predicted) if outcome is Outcome.OK else None)
                for outcome in prepared.outcomes
            ]
        return responses

    def _response(self, outcome: Outcome, probabilities: runtimes.Floats | None) -> Response:
        names = self.info.mood_names
        if probabilities is None:
            unsure = None if self._unsure_below is None else False
            return Response(STATUSES[outcome], "", dict.fromkeys(names, 0.0), unsure)
        mood = names[int(probabilities.argmax())]
        by_name = dict(zip(names, probabilities.tolist(), strict=True))
        return Response(signatures.STATUS_OK, mood, by_name, self._is_unsure(probabilities))

    def _is_unsure(self, probabilities: runtimes.Floats) -> bool | None:
        if self._unsure_below is None:
            return None
        # In float32, as the servable compares; what is not finite is not sure.
        is_sure = probabilities.max() >= np.float32(self._unsure_below)
        return not (is_sure and np.isfinite(probabilities).all())


def _opened(file: Path, resolution: int, num_moods: int) -> runtimes.Predict:
    """Returns the network, after a try."""
    blank = np.zeros((1, resolution, resolution, 3), np.uint8)
    try:
        network = runtimes.opened(file)
        shape = network(blank).shape
    # Each runtime has errors of its own, which have nothing in common.
    except Exception as error:
        reason = printable(str(error) or type(error).__name__)[:_MAX_REASON]
        raise ConfigError(
            f"{file} cannot be loaded, or does not take pictures of {resolution} pixels: {reason}. "
            "Take the export from a copy, or export again"
        ) from error
    if shape != (1, num_moods):
        raise ConfigError(
            f"{file} must answer with the probabilities of {num_moods} moods, as the label map "
            f"beside it says. Received: an array of shape {shape}. Export again"
        )

    return network
