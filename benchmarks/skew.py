"""How much the model's answer differs between training's pixels and a request's pixels.

Each row of a split is asked twice: as the stored Example, which the ingest has cropped, shrunk
and encoded again, and as the original photo with its box. The rest of the way is shared, so the
difference is that of the ingest alone.

    uv run python -m benchmarks.skew --output build/sample \
        --csv build/sample/sample_data/val.csv
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from client.predict.pictures import upright_picture
from dataset.boxes import parse_box
from dataset.csv_rows import read_rows
from dataset.photo import read_photo
from schemas import features, signatures

BATCH = 32


class Skew(NamedTuple):
    """Differences in probability over all rows and moods, and rows that change their mood."""

    rows: int
    mean_abs_difference: float
    max_abs_difference: float
    other_mood: int


def measure(servable: Path, shards: list[Path], csv: Path, image_root: Path) -> Skew:
    """Asks a servable for every row of the shards in both ways.

    Args:
      servable: SavedModel folder.
      shards: TFRecord files of the Examples.
      csv: the table that they were made of.
      image_root: where its relative paths start.
    """
    loaded = tf.saved_model.load(str(servable))
    rows = {row.line: row for row in read_rows(str(csv))}
    differences, changed = [], 0
    for records in _batches(shards):
        lines = [_line(record) for record in records]
        photos = [upright_picture(read_photo(str(image_root / rows[n].image_path))) for n in lines]
        stored = _predict(loaded, signatures.SERVE_EXAMPLE, examples=records)
        asked = _predict(
            loaded,
            signatures.SERVE_BOX,
            image_bytes=[photo.encoded for photo in photos],
            box=np.array([parse_box(rows[n].bbox) for n in lines], np.int64),
        )
        differences.append(np.abs(stored - asked))
        changed += int((stored.argmax(axis=1) != asked.argmax(axis=1)).sum())
    every = np.concatenate(differences)
    return Skew(len(every), float(every.mean()), float(every.max()), changed)


def _batches(shards: list[Path]) -> Iterator[list[bytes]]:
    names = [str(shard) for shard in shards]
    records = iter(tf.data.TFRecordDataset(names).as_numpy_iterator())
    while batch := list(islice(records, BATCH)):
        yield batch


def _line(record: bytes) -> int:
    feature = tf.train.Example.FromString(record).features.feature
    return int(feature[features.SOURCE_LINE].int64_list.value[0])


def _predict(loaded: Any, signature: str, **inputs: Any) -> Any:
    answer = loaded.signatures[signature](
        **{name: tf.constant(value) for name, value in inputs.items()}
    )
    if set(answer[signatures.STATUS].numpy()) != {signatures.STATUS_OK.encode()}:
        raise ValueError(f"Rows that the ingest used are not answered: {answer}")
    return answer[signatures.PROBABILITIES].numpy()


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="a run's output folder")
    parser.add_argument("--csv", type=Path, required=True, help="the run's eval CSV")
    parser.add_argument("--image-root", type=Path, help="default: the CSV's folder")
    arguments = parser.parse_args()
    examples = max(
        (arguments.output / "pipeline" / "PetExampleGen" / "examples").iterdir(),
        key=lambda path: int(path.name),
    )
    models = arguments.output / "pipeline" / "Trainer" / "model"
    newest = max(models.iterdir(), key=lambda path: int(path.name))
    skew = measure(
        newest / "Format-Serving",
        sorted((examples / "Split-eval").iterdir()),
        arguments.csv,
        arguments.image_root or arguments.csv.parent,
    )
    print(json.dumps(skew._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
