"""Free disk that a run needs, estimated from its rows and checked before the first node.

A full disk loses nothing, because every writer leaves the old state or the new one. But it ends a
run after hours that could not have succeeded.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dataset.settings import DataSettings
from pipeline import nodes
from pipeline.config import Settings
from pipeline.run_inputs import RunInputs
from report.formatting import size_text
from runner.environment import MIN_FREE_DISK_BYTES
from schemas import artifacts
from schemas.errors import ConfigError
from system.files import PARTIAL

if TYPE_CHECKING:
    from components.pet_example_gen.job import IngestSettings

_MARGIN = 1.1
"""The mean of the sampled crops is known to about a tenth."""


class DiskNeed(NamedTuple):
    """What the ingest of some tables writes, and what later nodes write for each of its rows.

    Attributes:
      rows: of the tables.
      bytes: in all.
    """

    rows: int
    bytes: int


def estimate(
    settings: Settings, inputs: RunInputs, reusable: frozenset[str] = frozenset()
) -> Iterator[DiskNeed]:
    """Yields the need of each ingest that is to run; reads its tables, and some of their photos.

    Args:
      settings: of the run.
      inputs: name the tables.
      reusable: nodes whose Examples an earlier run has written; they need no more room.

    Raises:
      DataRefusedError: a table cannot be read.
    """
    # Not above: the errors of a wrong command line need not wait for the imports.
    from components.pet_example_gen.job import IngestSettings, unlabelled

    ingest = IngestSettings(
        data=settings.data,
        thin=settings.thin,
        moods=inputs.moods,
        side=settings.model.resolution,
    )
    if nodes.EXAMPLE_GEN not in reusable:
        csvs = [csv for csv in (inputs.train_csv, inputs.validation_csv, inputs.eval_csv) if csv]
        yield _need(inputs, nodes.EXAMPLE_GEN, csvs, ingest)
    if inputs.predict_csv is not None and nodes.UNLABELLED_GEN not in reusable:
        need = _need(inputs, nodes.UNLABELLED_GEN, [inputs.predict_csv], unlabelled(ingest))
        # The BulkInferrer writes the predictions beside a copy of their Examples.
        yield need._replace(bytes=2 * need.bytes)


def total(needs: Iterable[DiskNeed]) -> DiskNeed:
    """Returns what all needs come to, with a margin."""
    rows = size = 0
    for need in needs:
        rows, size = rows + need.rows, size + need.bytes
    return DiskNeed(rows, MIN_FREE_DISK_BYTES + round(_MARGIN * size))


def check(inputs: RunInputs, needs: Iterable[DiskNeed]) -> None:
    """Raises ConfigError unless the disk of the output folder has room for the needs."""
    check_room(inputs.output, total(needs))


def check_room(folder: Path, need: DiskNeed) -> None:
    """Raises ConfigError unless the disk of a folder has room for what ``total`` returns."""
    free = shutil.disk_usage(folder).free
    if free < need.bytes:
        raise ConfigError(
            f"The output folder needs about {size_text(need.bytes)} of free disk for {need.rows:,} "
            f"rows. Received: {size_text(free)} at {folder}. Free some, choose another disk with "
            "--output, or keep fewer frames of each clip with thin.max_frames"
        )


def _need(inputs: RunInputs, node: str, csvs: Iterable[Path], ingest: "IngestSettings") -> DiskNeed:
    """Returns what a node writes that an earlier attempt has not finished yet."""
    from dataset.stored_size import stored_size
    from dataset.thinning import ThinSettings

    rows = size = 0
    for csv in csvs:
        # Train alone is thinned.
        thin = ingest.thin if csv == inputs.train_csv else ThinSettings()
        stored = stored_size(
            csv,
            inputs.image_root or csv.parent,
            ingest.data,
            thin,
            ingest.side,
            labelled=ingest.labelled,
        )
        if csv == inputs.train_csv:
            train = _train_share(inputs, ingest.data)
            stored = stored._replace(kept=train * stored.kept + (1 - train) * stored.rows)
        rows, size = rows + stored.rows, size + stored.bytes
    return DiskNeed(rows, max(0, size - _finished(inputs.artifacts / node)))


def _train_share(inputs: RunInputs, data: DataSettings) -> float:
    """Returns the share of the train CSV's rows that the ingest leaves in train."""
    eval_share = 0.0 if inputs.eval_csv else data.eval_fraction
    return (1 - eval_share) * (1 - data.validation_fraction)


def _finished(folder: Path) -> int:
    """Returns the bytes of the finished blocks of a node that was interrupted."""
    unfinished = folder / artifacts.UNFINISHED
    if not unfinished.is_dir():
        return 0
    return sum(path.stat().st_size for path in unfinished.iterdir() if PARTIAL not in path.name)
