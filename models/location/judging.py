"""Judges a locator on stored frames: IoU, found share, false finds, animal against none."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.inputs.preprocessing import resize
from models.location import decoding, scenes, second_look
from models.settings.locator import LocateSettings
from schemas import features
from schemas.documents.locating import LocatorCheck, LocatorScores, LocatorSlice

BOX_SIZES = (0.05, 0.2, 0.5)
"""Edges between the slices by box size, as in the Evaluator: shares of the photo's area."""
_PLACES = 5
"""Peaks of a picture that are looked at for false finds beside the animals."""
_BATCH = 32
_CUT_OUT = 0.15
"""Least side of a background cut-out, as a share of the photo's longer side."""
_LONGEST = 3.0
"""Its longer side over its shorter one, at most: longer ones are cut."""

Floats = npt.NDArray[np.float32]
Predict = second_look.Predict


class _Judged(NamedTuple):
    """The best place of one photo.

    Attributes:
      iou: with the label that it fits best.
      score: of the place.
      extra: other places of at least the least score that fit no label.
      species: of the row; "" where it is unknown.
      area: of the label, as a share of the photo's.
      animals: labels of the photo.
    """

    iou: float
    score: float
    extra: int
    species: str
    area: float
    animals: int


def judge(model: keras.Model, records: Sequence[bytes], settings: LocateSettings) -> LocatorScores:
    """Returns the scores of a locator and whether it passes its gate.

    Pictures without an animal are cut-outs of the same photos beside all boxes. What is labelled
    in a photo is taken for all that is in it.

    Args:
      model: of ``network.build``.
      records: of ``store.scenes_of``, of rows that it has not learnt from.
      settings: resolution and gate.
    """
    predict = _compiled(model, settings)
    found = [*_judged(predict, records, settings)]
    empty = np.array([*_empty_scores(predict, records, settings)], np.float32)
    scores = np.array([one.score for one in found], np.float32)
    is_right = [_is_right(one, settings) for one in found]
    false_share = float((empty >= settings.min_score).mean()) if len(empty) else None
    found_share = float(np.mean(is_right)) if found else None
    checks = _checks(found_share, len(found), false_share, len(empty), settings)
    return {
        "scenes": len(found),
        "animals": sum(one.animals for one in found),
        "found_share": found_share,
        "placed_share": _mean([one.iou >= settings.min_iou for one in found]),
        "mean_iou": _mean([one.iou for one in found]),
        "extra_finds": _mean([one.extra for one in found]),
        "empty_pictures": len(empty),
        "false_share": false_share,
        "auroc": area_under_roc(scores, empty),
        "min_iou": settings.min_iou,
        "min_score": settings.min_score,
        "slices": _slices(found, settings),
        "checks": checks,
        "passed": all(check["passed"] for check in checks),
    }


def best_scores(model: keras.Model, records: Sequence[bytes], settings: LocateSettings) -> Floats:
    """Returns the score of the best place in each photo, float32[n]."""
    found = _judged(_compiled(model, settings), records, settings)
    return np.array([one.score for one in found], np.float32)


def _compiled(model: keras.Model, settings: LocateSettings) -> Predict:
    square = [None, settings.resolution, settings.resolution, 3]
    return tf.function(
        lambda pixels: model(pixels, training=False),
        input_signature=[tf.TensorSpec(square, tf.uint8)],
        autograph=False,
    )


def area_under_roc(positives: Floats, negatives: Floats) -> float | None:
    """Returns the share of pairs in which the positive scores higher, ties counting half."""
    if not len(positives) or not len(negatives):
        return None
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, "left")
    not_above = np.searchsorted(ordered, positives, "right")
    return float((below + not_above).mean() / 2 / len(negatives))


def cut_outs(pixels: npt.NDArray[np.uint8], boxes: Floats) -> Iterator[npt.NDArray[np.uint8]]:
    """Yields the parts of a photo above, below, left and right of all boxes, if large enough.

    Args:
      pixels: uint8[height, width, 3].
      boxes: float32[m, 4], (top, left, bottom, right) as shares of the sides, m >= 1.
    """
    height, width = pixels.shape[:2]
    top, left = np.floor(boxes[:, :2].min(axis=0) * (height, width)).astype(int)
    bottom, right = np.ceil(boxes[:, 2:].max(axis=0) * (height, width)).astype(int)
    least = _CUT_OUT * max(height, width)
    for part in (pixels[:top], pixels[bottom:], pixels[:, :left], pixels[:, right:]):
        rows, columns = part.shape[:2]
        shorter = min(rows, columns)
        if shorter < least:
            continue
        most = int(_LONGEST * shorter)
        y, x = max(0, rows - most) // 2, max(0, columns - most) // 2
        yield part[y : y + most, x : x + most]


def _judged(
    predict: Predict, records: Sequence[bytes], settings: LocateSettings
) -> Iterator[_Judged]:
    for begin in range(0, len(records), _BATCH):
        batch = records[begin : begin + _BATCH]
        parsed = [scenes.parsed(tf.constant(record)) for record in batch]
        pixels = np.stack(
            [scenes.as_seen(scene.jpeg, settings.resolution).numpy() for scene in parsed]
        )
        located = decoding.peaks(predict(pixels), _PLACES)
        jpegs = [scene.jpeg for scene in parsed]
        again = second_look.taken(predict, jpegs, located.boxes[:, 0], settings.resolution)
        all_places = np.concatenate([again[:, np.newaxis], located.boxes[:, 1:]], axis=1)
        for record, scene, places, scores in zip(
            batch, parsed, all_places, located.scores.numpy(), strict=True
        ):
            boxes = _real(scene.boxes.numpy())
            overlaps = ious(places, boxes)
            fits = overlaps.max(axis=1)
            fitted = boxes[overlaps[0].argmax()]
            extra = int(((scores >= settings.min_score) & (fits < settings.min_iou))[1:].sum())
            area = float((fitted[2:] - fitted[:2]).prod())
            yield _Judged(
                float(fits[0]), float(scores[0]), extra, _species(record), area, len(boxes)
            )


def ious(first: Floats, second: Floats) -> Floats:
    """Returns the intersection over union of each with each, float32[n, m]."""
    begin = np.maximum(first[:, np.newaxis, :2], second[np.newaxis, :, :2])
    end = np.minimum(first[:, np.newaxis, 2:], second[np.newaxis, :, 2:])
    shared = np.maximum(end - begin, 0).prod(axis=-1)
    areas = [np.maximum(one[:, 2:] - one[:, :2], 0).prod(axis=-1) for one in (first, second)]
    union = areas[0][:, np.newaxis] + areas[1][np.newaxis] - shared
    result: Floats = shared / np.maximum(union, 1e-9)
    return result


def _empty_scores(
    predict: Predict, records: Sequence[bytes], settings: LocateSettings
) -> Iterator[float]:
    def pictures() -> Iterator[npt.NDArray[np.uint8]]:
        for record in records:
            scene = scenes.parsed(tf.constant(record))
            pixels = scenes.decoded(scene.jpeg).numpy()
            for part in cut_outs(pixels, _real(scene.boxes.numpy())):
                yield resize(tf.constant(part), settings.resolution).numpy()

    for batch in _batches(pictures()):
        located = decoding.peaks(predict(np.stack(batch)))
        yield from located.scores.numpy()[:, 0].tolist()


def _batches(
    pictures: Iterable[npt.NDArray[np.uint8]],
) -> Iterator[list[npt.NDArray[np.uint8]]]:
    batch = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _checks(
    found: float | None, photos: int, false: float | None, empty: int, settings: LocateSettings
) -> list[LocatorCheck]:
    return [
        {
            "check": "found",
            # None is no share, and passes only where none is asked for.
            "passed": (found or 0.0) >= settings.min_found,
            "value": found,
            "limit": settings.min_found,
            "message": f"{_percent(found)} of {photos} animals found, locate.min_found requires "
            f"{_percent(settings.min_found)}",
        },
        {
            "check": "false_finds",
            "passed": (false or 0.0) <= settings.max_false,
            "value": false,
            "limit": settings.max_false,
            "message": f"an animal found in {_percent(false)} of {empty} pictures without one, "
            f"locate.max_false allows {_percent(settings.max_false)}",
        },
    ]


def _slices(found: Sequence[_Judged], settings: LocateSettings) -> dict[str, LocatorSlice]:
    members: dict[str, list[_Judged]] = {}
    for one in found:
        if one.species:
            members.setdefault(f"species={one.species}", []).append(one)
        members.setdefault(f"box_size={_band(one.area)}", []).append(one)
    return {
        name: {
            "scenes": len(some),
            "found_share": float(np.mean([_is_right(one, settings) for one in some])),
            "mean_iou": float(np.mean([one.iou for one in some])),
        }
        for name, some in sorted(members.items())
    }


def _is_right(one: _Judged, settings: LocateSettings) -> bool:
    return one.iou >= settings.min_iou and one.score >= settings.min_score


def _band(area: float) -> str:
    above = sum(area >= edge for edge in BOX_SIZES)
    if above == 0:
        return f"<{BOX_SIZES[0]:g}"
    if above == len(BOX_SIZES):
        return f">={BOX_SIZES[-1]:g}"
    return f"{BOX_SIZES[above - 1]:g}-{BOX_SIZES[above]:g}"


def _species(record: bytes) -> str:
    feature = tf.train.Example.FromString(record).features.feature
    if features.SPECIES not in feature:
        return ""
    return str(feature[features.SPECIES].bytes_list.value[0].decode("utf-8", "replace"))


def _real(boxes: Floats) -> Floats:
    real: Floats = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
    return real


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _percent(share: float | None) -> str:
    return "no share" if share is None else f"{share:.1%}"
