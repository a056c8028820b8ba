"""Two pushed versions on the photos of a log: how often do they disagree, and about which?

Only a log that keeps photos can be asked again (``log.photos``).
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from client.backends.model import Model
from client.backends.model_source import ModelFlags, find_model_source
from client.inference import load_model
from client.predict.predict_batches import predict_one
from client.predict.predictions import FailedPrediction, Outcome
from dataset.boxes import PixelBox
from monitoring.requests import SCHEMA, log_files
from schemas import request_log as columns
from schemas.documents.drift import Disagreement, Shadow
from schemas.errors import ConfigError
from schemas.exit_codes import MonitorExit
from system.files import write_whole
from system.parquet import read_batches
from system.printable import error_line, printable
from system.streams import quiet

JSON_FILE = "shadow.json"
_BATCH_ROWS = 64
"""Rows of the log in memory at the same time, with their photos."""
_MOST_DISAGREEMENTS = 100
_NO_PHOTOS = """\
shadow asks both versions about logged photos again, and a log keeps none unless it is told to: it \
has numbers only. Received: {log}, of whose {rows:,} rows none has a photo. Start serve.py with \
--set log.photos=true, for some days (ask whether you may keep users' photos), and run this again.
"""


@dataclass(frozen=True)
class ShadowRequest:
    """Values of the flags of ``monitor.py shadow``.

    Attributes:
      log: folder of the request log.
      first, second: pushed versions, or the folders above them.
      photos: how many are asked at most, at least 1.
      out: folder for the document; None is the log's.
      json: whether the document is printed in place of words.
    """

    log: Path
    first: Path | None = None
    second: Path | None = None
    photos: int = 1000
    out: Path | None = None
    json: bool = False


class _Logged(NamedTuple):
    request_id: str
    photo: bytes
    box: PixelBox | None


def run(request: ShadowRequest) -> int:
    """Asks both versions, writes and prints what is found, and returns the exit code."""
    try:
        return _run(request)
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return MonitorExit.CONFIG


def _run(request: ShadowRequest) -> int:
    if request.first is None or request.second is None or request.photos < 1:
        raise ConfigError(
            "shadow compares two versions, --first PATH and --second PATH, on --photos of at least "
            f"1. Received: {request.first}, {request.second} and {request.photos}"
        )
    files = log_files(request.log)
    rows, with_photo = _counts(files)
    if not with_photo:
        sys.stderr.write(_NO_PHOTOS.format(log=printable(str(request.log)), rows=rows))
        return MonitorExit.TOO_FEW
    logged = islice(
        (one for file in reversed(files) for one in _rows(file) if one is not None), request.photos
    )
    sources = [find_model_source(ModelFlags(path)) for path in (request.first, request.second)]
    with quiet(ConfigError) as streams:
        first, second = (load_model(streams, source) for source in sources)
        if first.info.mood_names != second.info.mood_names:
            raise ConfigError(
                "--first and --second must have the same moods. Received: "
                f"{', '.join(first.info.mood_names)} and {', '.join(second.info.mood_names)}"
            )
        found = compared(first, second, logged, rows - with_photo)
    out = request.out or request.log
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / JSON_FILE, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise ConfigError(
            f"--out must be a folder that can be written. Received: {out} ({error.strerror})"
        ) from error
    sys.stdout.write(
        json.dumps(found, ensure_ascii=False) + "\n" if request.json else _words(found)
    )
    return MonitorExit.STEADY


def compared(first: Model, second: Model, logged: Iterator[_Logged], without: int) -> Shadow:
    """Returns what two models say of the same photos.

    Args:
      first: a model.
      second: another one with the same moods.
      logged: photos and their boxes.
      without: rows of the log that keep no photo.
    """
    moods = first.info.mood_names
    counts = np.zeros((len(moods) + 1, len(moods) + 1), int)
    differences: list[float] = []
    disagreements: list[Disagreement] = []
    agreed = 0
    for one in logged:
        pair = [predict_one(model, one.request_id, one.photo, one.box) for model in (first, second)]
        names = [each.error if isinstance(each, FailedPrediction) else each.mood for each in pair]
        places = [
            len(moods) if isinstance(each, FailedPrediction) else moods.index(each.mood)
            for each in pair
        ]
        counts[places[0], places[1]] += 1
        difference = _difference(*pair)
        differences.append(difference)
        if names[0] == names[1]:
            agreed += 1
            continue
        disagreements.append(
            {
                "request_id": one.request_id,
                "first": names[0],
                "second": names[1],
                "difference": difference,
            }
        )
    disagreements.sort(key=lambda each: -each["difference"])
    photos = len(differences)
    return {
        "photos": photos,
        "without_photo": without,
        "first": first.info.source,
        "second": second.info.source,
        "agreement": agreed / max(photos, 1),
        "mean_difference": float(np.mean(differences)) if differences else 0.0,
        "moods": list(moods),
        "counts": counts.tolist(),
        "disagreements": disagreements[:_MOST_DISAGREEMENTS],
    }


def _difference(first: Outcome, second: Outcome) -> float:
    """Returns the largest difference of a probability; 1 where one alone has a mood."""
    if isinstance(first, FailedPrediction) or isinstance(second, FailedPrediction):
        return float(type(first) is not type(second))
    return max(abs(first.probabilities[name] - second.probabilities[name])
               for name in first.probabilities)  # fmt: skip


def _counts(files: Sequence[Path]) -> tuple[int, int]:
    """Returns the number of a log's rows, and of those that keep a photo."""
    rows = with_photo = 0
    for file in files:
        for batch in read_batches(str(file), [columns.PHOTO], _BATCH_ROWS, SCHEMA):
            rows += len(batch)
            with_photo += len(batch) - batch.column(columns.PHOTO).null_count
    return rows, with_photo


def _rows(file: Path) -> Iterator[_Logged | None]:
    """Yields the photos of a file, None for a row without one."""
    names = [columns.REQUEST, columns.PHOTO, columns.BOX, columns.BOX_SOURCE]
    for batch in read_batches(str(file), names, _BATCH_ROWS, SCHEMA):
        for row in batch.to_pylist():
            if row[columns.PHOTO] is None:
                yield None
                continue
            # A box that a version has found is not given to the other one.
            given = row[columns.BOX] if row[columns.BOX_SOURCE] == "given" else None
            if given is not None and (len(given) != 4 or None in given):
                raise ConfigError(
                    f"{file} must have four numbers for each box. Received: {str(given)[:100]}. "
                    "Move the file out of the log"
                )
            box = None if given is None else PixelBox(*given)
            yield _Logged(printable(row[columns.REQUEST] or ""), row[columns.PHOTO], box)


def _words(found: Shadow) -> str:
    lines = [
        f"{found['photos']:,} photos; {found['without_photo']:,} rows of the log keep no photo.",
        f"Agreement {found['agreement']:.1%}; largest difference of a probability, mean: "
        f"{found['mean_difference']:.3f}.",
    ]
    lines += [
        f"{each['request_id']}: {each['first']} / {each['second']} ({each['difference']:.2f})"
        for each in found["disagreements"][:10]
    ]
    return "\n".join(lines) + "\n"
