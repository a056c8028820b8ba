"""Calibration of a trained network: its temperature, and the threshold of unsure answers.

Both are fitted on rows that choose and never on rows that judge: the validation split, or half of
the eval clips, which the Evaluator then leaves out.
"""

import json
import logging
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset.calibration_split import is_calibration_clip, is_second_half
from models.inputs.records import ordered
from models.servable import temperature, threshold
from models.settings.calibration import CalibrationConfig
from schemas import artifacts, features
from schemas.documents.training import FittedOn, Temperature
from schemas.errors import ConfigError

LEAST_EVAL_CLIPS = 1000
"""Clips of an eval split that may lend half of them: with the 500 that go on judging, the interval
of an accuracy is some 0.035 wide to each side."""
LEAST_CLIPS = 100
"""Clips that ``auto`` needs for a temperature. The frames of a clip are right or wrong together, so
that of twenty clips a few that are surely wrong decide it: the sample's models, whose calibration
error was 0.08 to 0.10, had 0.19 to 0.37 with temperatures of 1.7 to 3.1 of its 20 clips."""

_LOGGER = logging.getLogger(__name__)

Batches = Callable[[Sequence[str]], tf.data.Dataset]
"""Returns the batches (pixels, one-hot labels float32[n, k]) of shards, in the order of
``records.ordered``."""


class _Predictions(NamedTuple):
    """What the network predicts for n rows that choose.

    Attributes:
      probabilities: float32[n, k].
      label_indices: int64[n], of the true moods.
      clips: int64[n], number of each row's clip.
      second_half: bool[n], ``is_second_half`` of its clip.
    """

    probabilities: npt.NDArray[np.float32]
    label_indices: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]
    second_half: npt.NDArray[np.bool_]

    def of(
        self, chosen: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Returns probabilities and labels of the chosen rows."""
        return self.probabilities[chosen], self.label_indices[chosen]


def calibrate(
    model: keras.Model,
    files: Sequence[str],
    batches: Batches,
    folder: str,
    config: CalibrationConfig,
    *,
    judges: bool,
    clips: int,
) -> Temperature | None:
    """Fits temperature and threshold on held-out clips, and builds the temperature into the head.

    Args:
      model: of ``classifier.build``. Its head's weights are divided by the temperature, and so
        are its logits.
      files: shards of the split that the model is chosen on.
      batches: see ``Batches``.
      folder: gets ``artifacts.TEMPERATURE_JSON``.
      config: what is to be fitted.
      judges: whether this split judges the model as well. Then at most half of its clips are
        fitted on, and the Evaluator scores the other half; otherwise all are.
      clips: of the split.

    Returns:
      The document; None where nothing was fitted.

    Raises:
      ConfigError: if a temperature must be fitted, and no clip is in the half for it.
    """
    fitted_on = _rows_to_fit_on(config, judges=judges, clips=clips)
    if not fitted_on:
        return None
    predictions = _predict(model, files, batches, only_half=judges)
    if predictions is None:
        if config.calibrate == "true":
            raise ConfigError(_TOO_FEW)
        _LOGGER.warning("No clip to fit a temperature and a threshold on: no answer is unsure")
        return None

    # The temperature: fitted on all rows, and kept where it helps on clips that it has not seen.
    fitted_clips = int(predictions.clips.max()) + 1
    before = after = None
    if config.calibrate == "auto" and fitted_clips >= LEAST_CLIPS:
        before, after = _held_out_losses(predictions)
    elif config.calibrate == "auto":
        _LOGGER.info(
            "No temperature is fitted: auto needs %d clips. There are %d", LEAST_CLIPS, fitted_clips
        )
    helps = before is not None and after is not None and after < before
    fitted = 1.0
    if config.calibrate == "true" or helps:
        fitted = temperature.fit(predictions.probabilities, predictions.label_indices)
        head = model.get_layer("head")
        head.set_weights([weights / fitted for weights in head.get_weights()])

    # The threshold of the probabilities as they are served.
    calibrated = temperature.scaled(predictions.probabilities, fitted)
    unsure_below = _threshold(calibrated, predictions, config)

    # Write down.
    document = Temperature(
        temperature=fitted,
        rows=len(predictions.label_indices),
        clips=fitted_clips,
        loss_before=before,
        loss_after=after,
        unsure_below=unsure_below,
        fitted_on=fitted_on,
    )
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.TEMPERATURE_JSON), "w") as file:
        file.write(json.dumps(document))
    _LOGGER.info("Calibration: %s", document)
    return document


_TOO_FEW = (
    "With evaluate.calibrate=true the eval split must have clips to fit the temperature on and "
    "others to evaluate on. Received: too few clips. Set evaluate.calibrate=auto, or make a "
    "validation split, on which it is then fitted (data.validation_fraction)."
)


def _rows_to_fit_on(config: CalibrationConfig, *, judges: bool, clips: int) -> FittedOn:
    if not config.needs_rows:
        return ""
    if not judges:
        return "validation"
    if config.calibrate == "true" or (config.calibrate == "auto" and clips >= LEAST_EVAL_CLIPS):
        return "eval"
    _LOGGER.warning(
        "No temperature and no threshold of unsure answers: without a validation split they need "
        "%d eval clips, half of which then do not judge the model, and evaluate.calibrate=auto. "
        "There are %d, and evaluate.calibrate=%s. No answer is unsure. Set "
        "data.validation_fraction",
        *(LEAST_EVAL_CLIPS, clips, config.calibrate),
    )
    return ""


def _predict(
    model: keras.Model, files: Sequence[str], batches: Batches, *, only_half: bool
) -> _Predictions | None:
    """Returns the predictions for the rows to fit on; None where there are none."""
    probabilities, label_indices, rows_clips = [], [], []
    numbers: dict[str, int] = {}
    records = ordered(files).as_numpy_iterator()
    for pixels, labels in batches(files):
        clips = [_clip(next(records)) for _ in range(len(labels))]
        to_fit = np.array([not only_half or is_calibration_clip(clip) for clip in clips])
        if to_fit.any():
            probabilities.append(model.predict_on_batch(pixels[to_fit]))
            label_indices.append(labels.numpy()[to_fit].argmax(axis=1))
            rows_clips += [
                numbers.setdefault(clip, len(numbers))
                for clip, fits in zip(clips, to_fit, strict=True)
                if fits
            ]
    if not probabilities:
        return None
    of_clip = np.array([is_second_half(name) for name in numbers])
    numbers_of_rows = np.array(rows_clips, np.int64)
    return _Predictions(
        np.concatenate(probabilities),
        np.concatenate(label_indices),
        numbers_of_rows,
        of_clip[numbers_of_rows],
    )


def _held_out_losses(predictions: _Predictions) -> tuple[float | None, float | None]:
    """Returns the mean losses without and with a temperature, on clips that it was not fitted on.

    Each half of the clips is scored with the temperature of the other. Both are None where all
    clips are in one half.
    """
    halves = (predictions.second_half, ~predictions.second_half)
    if not all(half.any() for half in halves):
        return None, None
    before = after = 0.0
    for fitted, held_out in (halves, halves[::-1]):
        found = temperature.fit(*predictions.of(fitted))
        before += held_out.sum() * temperature.loss(*predictions.of(held_out), 1.0)
        after += held_out.sum() * temperature.loss(*predictions.of(held_out), found)
    rows = len(predictions.label_indices)
    return float(before / rows), float(after / rows)


def _threshold(
    calibrated: npt.NDArray[np.float64], predictions: _Predictions, config: CalibrationConfig
) -> float:
    certainty = calibrated.max(axis=1)
    if config.coverage:
        return threshold.for_coverage(certainty, config.coverage)
    if not config.target_accuracy:
        return 0.0
    right = calibrated.argmax(axis=1) == predictions.label_indices
    found = threshold.for_accuracy(certainty, right, predictions.clips, config.target_accuracy)
    if found == threshold.ALL_UNSURE:
        _LOGGER.warning(
            "evaluate.target_accuracy=%g is not reached by the surest answers of %d clips: every "
            "answer of this model is unsure. Set a lower one",
            *(config.target_accuracy, threshold.LEAST_CLIPS),
        )
    return found


def _clip(record: bytes) -> str:
    feature = tf.train.Example.FromString(record).features.feature[features.CLIP]
    return feature.bytes_list.value[0].decode("utf-8", "surrogateescape")
