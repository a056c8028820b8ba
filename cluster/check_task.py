"""The first task of a run on a cluster: can its buckets, tables, weights and engine be used at all?

A container of the pipeline runs ``python -m cluster.check_task INPUT``, where INPUT is what
Kubeflow puts in place of ``{{$}}`` (ExecutorInput in kfp's pipeline_spec.proto).
``cluster.check_node`` adds the task to the compiled pipeline. Exit code 2: settings or environment
cannot work; 3: a table cannot be read.
"""

import json
import posixpath
import sys
from collections.abc import Sequence

from cluster.check_node import PLACES, SETTINGS
from dataset.csv_rows import read_rows
from models.settings.network import NONE
from pipeline import config
from pipeline.config import Settings
from pipeline.container import refusals, start_check
from pipeline.container.spans import newest
from pipeline.engine import check
from pipeline.platforms.cluster import DATA_ROOT
from pipeline.run_inputs import SPAN
from schemas.errors import DataRefusedError
from system.buckets.stores import is_remote
from system.storage import make_folder, open_file, write_whole


def main(text: str) -> None:
    """Checks, and writes an empty output file.

    Raises:
      ConfigError: a bucket, the weights or the engine cannot be used.
      DataRefusedError: a table is missing, empty, not UTF-8 or lacks a column.
    """
    executor_input = json.loads(text)
    values = executor_input["inputs"]["parameterValues"]
    settings = config.from_dict(json.loads(values[SETTINGS]))
    places, data_root = json.loads(values[PLACES]), str(values[DATA_ROOT])

    writes = {data_root: False, places["root"]: True, places["serving"]: True}
    roots = {root: write for root, write in writes.items() if is_remote(root)}
    if roots:
        # Loads TFX.
        from pipeline.container import s3_filesystem

        s3_filesystem.register()
        start_check.check_folders(roots)
    tables = check_tables(data_root, places["labelled"], places["unlabelled"])
    _check_weights(settings, places["moods"])
    if told := check.check(settings.beam, places["root"], tables):
        sys.stderr.write(f"{told}\n")
    output_file = executor_input["outputs"]["outputFile"]
    make_folder(posixpath.dirname(output_file))
    write_whole(output_file, "{}")


def check_tables(data_root: str, labelled: Sequence[str], unlabelled: Sequence[str]) -> list[str]:
    """Reads the first row of each table, and returns the tables' paths.

    Args:
      data_root: folder that the names start from.
      labelled: names of tables with moods; any may have ``SPAN``.
      unlabelled: of one without moods.

    Raises:
      DataRefusedError: there is none, or what ``read_rows`` refuses.
    """
    tables = []
    for names, with_moods in ((labelled, True), (unlabelled, False)):
        spanned = [name for name in names if SPAN in name]
        newest_names = newest(data_root, spanned) if spanned else {}
        for name in names:
            path = posixpath.join(data_root, newest_names.get(name, name))
            try:
                if next(read_rows(path, open_file, labelled=with_moods), None) is None:
                    raise DataRefusedError(f"{path} has a header and no rows.")
            except FileNotFoundError as error:
                raise DataRefusedError(
                    f"Each CSV must be below --data-root. Received: {path}, which is not there"
                ) from error
            tables.append(path)
    return tables


def _check_weights(settings: Settings, moods: int) -> None:
    """Reads the first weights, which the Trainer needs after hours of ingest."""
    if settings.model.weights == NONE:
        return
    from models.network import classifier

    classifier.build(settings.model, moods)


if __name__ == "__main__":
    refusals.ended_by_cause(lambda: main(sys.argv[1]))
