"""An export that predicts with the same functions as a servable's signatures.

Photos are checked, decoded and resized by the functions that the servable has as a graph, so that
pixels, statuses and limits are the servable's. The runtime computes the network alone.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from client.backends.export_path import locator_file, read_parameters
from client.backends.model import ModelInfo, Response
from dataset.boxes import PixelBox
from models.exporting import runtimes
from models.exporting.locating import ExportedLocator, reader_for
from models.exporting.photos import PhotoReader
from models.inputs.prepared_photo import Limits, Outcome
from models.location.network import CHANNELS
from models.servable.answers import STATUSES
from models.servable.rows import CHUNK_SIZE
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
        limits = Limits(parameters.max_image_pixels, parameters.max_image_bytes)
        self._network = _opened(file, info.resolution, (len(info.mood_names),))
        self._unsure_below = parameters.unsure_below
        self._reader = PhotoReader(
            info.resolution, parameters.box_margin, limits, parameters.box_overhang
        )
        self._locator = None
        if parameters.locator:
            side = parameters.locator["resolution"]
            predict = _opened(locator_file(file), side, None)
            reader = reader_for(parameters.locator, limits)
            self._locator = ExportedLocator(predict, parameters.locator, reader)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``."""
        responses: list[Response] = []
        for start in range(0, len(pictures), CHUNK_SIZE):
            chunk = slice(start, start + CHUNK_SIZE)
            if boxes is None and self._locator:
                responses += self._found(pictures[chunk], self._locator)
            else:
                responses += self._answered(pictures[chunk], boxes and boxes[chunk])
        return responses

    def _found(self, pictures: Sequence[bytes], locator: ExportedLocator) -> list[Response]:
        """Finds the animals of pictures, and answers with the boxes found."""
        finds = locator.find(pictures)
        chosen = [
            picture
            for picture, outcome in zip(pictures, finds.outcomes, strict=True)
            if outcome == Outcome.OK
        ]
        answered = iter(self._answered(chosen, finds.boxes) if chosen else ())
        responses = []
        for outcome, score in zip(finds.outcomes, finds.scores, strict=True):
            if outcome == Outcome.OK:
                response = next(answered)._replace(box_source=signatures.BOX_FOUND)
            else:
                response = self._refused(outcome)
            responses.append(response._replace(found=score))
        return responses

    def _answered(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """Answers for boxes, or for whole pictures."""
        prepared = self._reader.read(pictures, boxes)
        predicted = iter(self._network(prepared.pixels) if len(prepared.pixels) else ())
        used = iter(prepared.boxes)
        source, found = (
            (signatures.BOX_WHOLE, 0.0) if boxes is None else (signatures.BOX_GIVEN, 1.0)
        )
        return [
            self._response(next(predicted))._replace(box=next(used), box_source=source, found=found)
            if outcome is Outcome.OK
            else self._refused(outcome)
            for outcome in prepared.outcomes
        ]

    def _refused(self, outcome: int) -> Response:
        unsure = None if self._unsure_below is None else False
        no_moods = dict.fromkeys(self.info.mood_names, 0.0)
        return Response(STATUSES[outcome], "", no_moods, unsure, found=0.0)

    def _response(self, probabilities: runtimes.Floats) -> Response:
        names = self.info.mood_names
        mood = names[int(probabilities.argmax())]
        by_name = dict(zip(names, probabilities.tolist(), strict=True))
        return Response(signatures.STATUS_OK, mood, by_name, self._is_unsure(probabilities))

    def _is_unsure(self, probabilities: runtimes.Floats) -> bool | None:
        if self._unsure_below is None:
            return None
        # In float32, as the servable compares; what is not finite is not sure.
        is_sure = probabilities.max() >= np.float32(self._unsure_below)
        return not (is_sure and np.isfinite(probabilities).all())


def _opened(file: Path, resolution: int, wanted: tuple[int, ...] | None) -> runtimes.Predict:
    """Returns a network, after a try; of a locator no certain shape is wanted but a map."""
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
    if wanted is None:
        if len(shape) != 4 or shape[-1] != CHANNELS:
            raise ConfigError(
                f"{file} must answer with a map of {CHANNELS} channels. Received: an array of "
                f"shape {shape}. Export again"
            )
    elif shape[1:] != wanted:
        raise ConfigError(
            f"{file} must answer with the probabilities of {wanted[0]} moods, as the label map "
            f"beside it says. Received: an array of shape {shape}. Export again"
        )
    return network
