r"""Difference between the predictions for a stored Example and for its photo with the box.

Each row of the eval split is predicted twice: from the stored Example, which the ingest has
cropped, shrunk and encoded again, and from the original photo with its box. All other steps are
the same, so the ingest alone makes the difference.

    uv run python -m benchmarks.skew --output build/sample \
        --csv build/sample/sample_data/val.csv
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from benchmarks import flags
from client.predict.pictures import upright_picture
from dataset.boxes import parse_box
from dataset.csv_rows import read_rows
from dataset.photos.files import read_photo
from schemas import features, signatures

BATCH_SIZE = 32


class Skew(NamedTuple):
    """Differences in probability over all rows and moods, and rows whose predicted mood differs."""

    rows: int
    mean_abs_difference: float
    max_abs_difference: float
    other_mood: int


def measure(servable: Path, shards: list[Path], csv: Path, image_root: Path) -> Skew:
    """Predicts every row of the shards in both ways.

    Args:
      servable: SavedModel folder.
      shards: TFRecord files of the Examples.
      csv: the table from which they were made.
      image_root: folder that its relative paths start from.
    """
    loaded = tf.saved_model.load(str(servable))
    rows = {row.line: row for row in read_rows(str(csv))}
    differences, changed = [], 0
    for records in _batches(shards):
        lines = [_line(record) for record in records]
        photos = [upright_picture(read_photo(str(image_root), rows[n].image_path)) for n in lines]
        stored = _predict(loaded, signatures.SERVE_EXAMPLE, examples=records)
        requested = _predict(
            loaded,
            signatures.SERVE_BOX,
            image_bytes=[photo.encoded for photo in photos],
            box=np.array([parse_box(rows[n].bbox) for n in lines], np.int64),
        )
        differences.append(np.abs(stored - requested))
        changed += int((stored.argmax(axis=1) != requested.argmax(axis=1)).sum())
    all_rows = np.concatenate(differences)
    return Skew(len(all_rows), float(all_rows.mean()), float(all_rows.max()), changed)


def _batches(shards: list[Path]) -> Iterator[list[bytes]]:
    names = [str(shard) for shard in shards]
    records = iter(tf.data.TFRecordDataset(names).as_numpy_iterator())
    while batch := list(islice(records, BATCH_SIZE)):
        yield batch


def _line(record: bytes) -> int:
    feature = tf.train.Example.FromString(record).features.feature
    return int(feature[features.SOURCE_LINE].int64_list.value[0])


def _predict(loaded: Any, signature: str, **inputs: Any) -> Any:
    outputs = loaded.signatures[signature](
        **{name: tf.constant(value) for name, value in inputs.items()}
    )
    if set(outputs[signatures.STATUS].numpy()) != {signatures.STATUS_OK.encode()}:
        raise ValueError(f"Rows that the ingest used must be sound. Received: {outputs}")
    return outputs[signatures.PROBABILITIES].numpy()


def _newest(folder: Path) -> Path:
    """Returns the output of a node's last execution; TFX names the folders by rising numbers."""
    return max(folder.iterdir(), key=lambda path: int(path.name))


def main() -> int:
    """Prints the skew as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_output(parser)
    flags.add_csv(parser)
    parser.add_argument(
        "--image-root",
        type=Path,
        metavar="FOLDER",
        help="folder that relative image paths start from (default: the CSV's folder)",
    )
    args = parser.parse_args()
    nodes = args.output / "pipeline"
    skew = measure(
        _newest(nodes / "Trainer" / "model") / "Format-Serving",
        sorted((_newest(nodes / "PetExampleGen" / "examples") / "Split-eval").iterdir()),
        args.csv,
        args.image_root or args.csv.parent,
    )
    print(json.dumps(skew._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
