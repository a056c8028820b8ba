"""Logged requests, some thousand at a time, as numbers."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from schemas import request_log as columns
from schemas import signatures
from schemas.errors import ConfigError
from system.arrow import pa
from system.parquet import read_batches, schema_of

Array = npt.NDArray[np.float64]
SHARES = ("unsure", "no_animal", "unusable")
_FACTS = (columns.BRIGHTNESS, columns.CONTRAST, columns.SHARPNESS, columns.BOX_AREA)
_READ = (
    *(columns.TIME, columns.VERSION, columns.STATUS, columns.MOOD, columns.UNSURE),
    *(columns.PROBABILITIES, columns.MOODS, columns.BOX, *_FACTS),
)
NO_ANIMAL = "no_animal"
SCHEMA = schema_of(columns.COLUMNS)
_LATEST = 253_402_300_800_000_000
"""Microseconds from 1970 to the year 10000, with which Python's times end."""


@dataclass(frozen=True)
class Requests:
    """Rows of a log, in the order in which they were answered.

    Attributes:
      time: int64[n], microseconds since 1970.
      mood: int64[n], index in the label map; -1 where there is none.
      probabilities: float64[n, k]; 0 where there is no mood.
      facts: float64[n] by column, NaN where a fact is not known.
      shares: int64[n] by name in ``SHARES``: 1 so, 0 not so, -1 not known.
    """

    time: npt.NDArray[np.int64]
    mood: npt.NDArray[np.int64]
    probabilities: Array
    facts: dict[str, Array]
    shares: dict[str, npt.NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.time)

    def part(self, begin: int, end: int) -> "Requests":
        """Returns the rows begin..end."""
        return Requests(
            self.time[begin:end],
            self.mood[begin:end],
            self.probabilities[begin:end],
            {name: values[begin:end] for name, values in self.facts.items()},
            {name: values[begin:end] for name, values in self.shares.items()},
        )


def joined(parts: Sequence[Requests]) -> Requests:
    """Returns the rows of several parts, at least one, one after the other."""
    return Requests(
        np.concatenate([each.time for each in parts]),
        np.concatenate([each.mood for each in parts]),
        np.concatenate([each.probabilities for each in parts]),
        {name: np.concatenate([each.facts[name] for each in parts]) for name in parts[0].facts},
        {name: np.concatenate([each.shares[name] for each in parts]) for name in SHARES},
    )


def log_files(folder: Path) -> list[Path]:
    """Returns a log's files, the oldest first.

    Raises:
      ConfigError: there is none.
    """
    found = sorted(folder.glob(columns.FILES)) if folder.is_dir() else []
    if not found:
        raise ConfigError(
            f"--log must be a folder with files {columns.FILES}, as serve.py writes them with "
            f"--set log.folder=FOLDER. Received: {folder}, which has none"
        )
    return found


def read_requests(
    files: Sequence[Path],
    moods: Sequence[str],
    version: int | None,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
    with_box: bool = False,
) -> Iterator[Requests]:
    """Yields the rows of a log.

    Args:
      files: in the order of time.
      moods: names in the label map's order.
      version: of the model; None takes all. Refused photos, which no model saw, always count.
      since: the earliest time, included.
      until: the latest time, not included.
      with_box: leaves mood and facts out of rows that have no box: a model is evaluated on boxes,
        and a whole photo looks otherwise.

    Raises:
      ConfigError: a file is none of this project's, or the log's moods are others.
    """
    for file in files:
        for batch in read_batches(str(file), _READ, schema=SCHEMA):
            _check_times(batch, file)
            chosen = _chosen(batch, version, since, until)
            if len(chosen):
                yield _numbers(chosen, moods, with_box)


def _check_times(batch: pa.RecordBatch, file: Path) -> None:
    times = batch.column(columns.TIME)
    numbers = np.asarray(times.fill_null(-1).cast(pa.int64()))
    if ((numbers < 0) | (numbers >= _LATEST)).any():
        raise ConfigError(
            f"{file} must have the time of each request, from the year 1970 to 9999. Received: a "
            "row with none, or another. Move the file out of the log"
        )


def _chosen(
    batch: pa.RecordBatch,
    version: int | None,
    since: datetime.datetime | None,
    until: datetime.datetime | None,
) -> pa.RecordBatch:
    times = np.asarray(batch.column(columns.TIME).cast(pa.int64()))
    mask = np.ones(len(batch), bool)
    if version is not None:
        versions = batch.column(columns.VERSION).to_numpy(zero_copy_only=False).astype(float)
        mask &= np.isnan(versions) | (versions == version)
    if since is not None:
        mask &= times >= since.timestamp() * 1e6
    if until is not None:
        mask &= times < until.timestamp() * 1e6
    return batch.filter(pa.array(mask))


def _numbers(batch: pa.RecordBatch, moods: Sequence[str], with_box: bool) -> Requests:
    status = np.asarray(batch.column(columns.STATUS).to_pylist(), object)
    has_box = ~np.asarray(batch.column(columns.BOX).is_null())
    is_used = (status == signatures.STATUS_OK) & (has_box | (not with_box))
    index = {name: number for number, name in enumerate(moods)}
    names = batch.column(columns.MOOD).to_pylist()
    unknown = {name for name in names if name} - set(index)
    if unknown:
        raise ConfigError(
            f"The log must be of the run's model, with the moods {', '.join(moods)}. Received: "
            f"{', '.join(sorted(unknown))[:200]}. Name the version with --version-number, or the "
            "run of the model that answered with --run"
        )
    mood = np.where(is_used, [index.get(name, -1) for name in names], -1)
    unsure = np.array(
        [-1 if each is None else int(each) for each in batch.column(columns.UNSURE).to_pylist()]
    )
    is_ok = status == signatures.STATUS_OK
    is_none = status == NO_ANIMAL
    return Requests(
        time=np.asarray(batch.column(columns.TIME).cast(pa.int64())),
        mood=mood,
        probabilities=_probabilities(batch, mood, len(moods)),
        facts={name: np.where(is_used, _known(batch, name), np.nan) for name in _FACTS},
        shares={
            "unsure": np.where(is_ok, unsure, -1),
            NO_ANIMAL: np.where(is_ok | is_none, is_none, -1).astype(np.int64),
            "unusable": (~(is_ok | is_none)).astype(np.int64),
        },
    )


def _known(batch: pa.RecordBatch, name: str) -> Array:
    """Returns a fact, float64[n]; NaN where it is not known or is no number."""
    values: Array = batch.column(name).to_numpy(zero_copy_only=False).astype(float)
    return np.where(np.isfinite(values), values, np.nan)


def _probabilities(batch: pa.RecordBatch, mood: npt.NDArray[np.int64], num_moods: int) -> Array:
    found = np.zeros((len(batch), num_moods))
    rows = batch.column(columns.PROBABILITIES).to_pylist()
    for number, values in enumerate(rows):
        if mood[number] >= 0 and values is not None and len(values) == num_moods:
            numbers = np.array(values, float)  # None becomes NaN.
            if np.isfinite(numbers).all():
                found[number] = numbers.clip(0, 1)
    return found
