r"""Every export of a finished run beside its servable: verdicts, sizes, and answers to photos.

Makes each format by the Exporter's own process, in a temporary folder, as the run's node does with
``export.formats``. A format whose network is refused is left out by the node, locator and all: here
its locator is tried even so. Then photos without a box are asked one by one, as ``inference.py``
asks, and the sides take turns in one process.

    uv run --extra export python -m benchmarks.export_parity --output build/sample \
        --csv build/sample/sample_data/val.csv
"""

import argparse
import json
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks import flags
from benchmarks.export_speed import SAVED_MODEL, largest_difference, timed
from client.backends.model import Response
from client.backends.model_source import ModelFlags, find_model_source
from components.exporter import process, publishing
from components.ingest_output import read_ingest
from dataset.boxes import PixelBox
from dataset.csv_rows import read_rows
from models.exporting.locator_gate import SAME_IOU
from models.exporting.locator_job import LocatorExporter
from models.location.judging import ious
from schemas import artifacts, exports
from schemas.documents.exports import Export, ExportJob, ExportSplit
from schemas.splits import EVAL, TRAIN, split_folder


def newest(output: Path, *kinds: str) -> Path:
    """Returns the newest artifact of the first of some kinds, "node/output", that there is."""
    for kind in kinds:
        if found := [path for path in (output / "pipeline" / kind).glob("*") if path.is_dir()]:
            return max(found, key=lambda path: int(path.name))
    raise SystemExit(f"--output must be the folder of a finished run. Received: {output}")


def job_of(output: Path, model: Path, folder: Path, args: argparse.Namespace) -> ExportJob:
    """Returns the job of all formats."""
    examples = newest(output, "PetExampleGen/examples")
    ingest = read_ingest(str(newest(output, "PetExampleGen/rejects")))

    def rows_of(split: str) -> ExportSplit:
        shards = sorted(map(str, (examples / split_folder(split)).iterdir()))
        return {"shards": shards, "total": ingest["splits"][split]["used"]}

    locator = model / artifacts.MODEL_CHECKPOINT / artifacts.LOCATOR_KERAS
    return {
        "checkpoint": str(model / artifacts.MODEL_CHECKPOINT / artifacts.CHECKPOINT_KERAS),
        "locator": str(locator) if locator.exists() else "",
        "servable": str(model / "Format-Serving"),
        "formats": args.formats,
        "eval": rows_of(EVAL),
        "train": rows_of(TRAIN),
        "rows": args.rows,
        "calibration_rows": args.calibration_rows,
        "folder": str(folder),
    }


def with_locators(job: ExportJob, results: list[Export]) -> list[Export]:
    """Returns results in which the locators of refused networks were tried, too."""
    alone = [one["format"] for one in results if not one["kept"]]
    if not job["locator"] or not alone:
        return results
    exporter = LocatorExporter(
        keras.models.load_model(job["locator"], compile=False),
        tf.saved_model.load(job["servable"]),
        job["servable"],
        job["eval"]["shards"],
        job["train"]["shards"],
    )
    tried: list[Export] = []
    for one in results:
        if one["format"] in alone:
            with tempfile.TemporaryDirectory() as folder:
                count = job["calibration_rows"]
                one = {**one, "locator": exporter.export(one["format"], Path(folder), count)}
        tried.append(one)
    return tried


def answered(sides: dict[str, Path], photos: list[bytes], rounds: int) -> dict[str, Any]:
    """Returns how each side answers photos without a box, and in what time."""
    models = {name: find_model_source(ModelFlags(path)).load() for name, path in sides.items()}
    answers = {name: model.predict(photos, None) for name, model in models.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for model in models.values():
        model.predict(photos[:1], None)
    for photo in photos * rounds:
        for name, model in models.items():
            seconds[name].append(timed(partial(model.predict, [photo], None)))
    return {
        name: {
            "photos": len(photos),
            "animals_found": sum(one.box_source == "found" for one in answers[name]),
            "same_finds": sum(map(is_same, answers[name], answers[SAVED_MODEL])),
            "same_moods": sum(
                one.mood == other.mood
                for one, other in zip(answers[name], answers[SAVED_MODEL], strict=True)
            ),
            "largest_difference": largest_difference(answers[name], answers[SAVED_MODEL]),
            "largest_difference_of_score": max(
                abs((one.found or 0) - (other.found or 0))
                for one, other in zip(answers[name], answers[SAVED_MODEL], strict=True)
            ),
            "p50_ms": 1000 * statistics.median(clock for clock, _ in seconds[name]),
            "cpu_ms": 1000 * statistics.median(cpu for _, cpu in seconds[name]),
        }
        for name in models
    }


def is_same(one: Response, other: Response) -> bool:
    """Returns whether two answers have the same status and nearly the same box."""
    if one.status != other.status or one.box is None or other.box is None:
        return one.status == other.status and one.box == other.box
    return bool(ious(_ends(one.box), _ends(other.box))[0, 0] >= SAME_IOU)


def _ends(box: PixelBox) -> Any:
    y, x, height, width = box
    return np.array([[y, x, y + height, x + width]], np.float32)


def photos_of(csv: Path, count: int) -> list[bytes]:
    """Returns photos of a table, spread evenly over it."""
    paths = list(dict.fromkeys(row.image_path for row in read_rows(str(csv))))
    chosen = [paths[i * len(paths) // count] for i in range(count)]
    return [(csv.parent / path).read_bytes() for path in chosen]


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_output(parser)
    flags.add_csv(parser)
    parser.add_argument(
        "--formats",
        nargs="+",
        choices=exports.FORMATS,
        default=list(exports.FORMATS),
        help="formats (default: all)",
    )
    flags.add_number(parser, "--photos", 20, "photos that are asked without a box")
    flags.add_rows(parser, 1000)
    flags.add_number(parser, "--calibration-rows", 200, "training rows for 8 bits")
    flags.add_rounds(parser, default=3)
    args = parser.parse_args()
    model = newest(args.output, "Locator/model", "Trainer/model")
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        job = job_of(args.output, model, made, args)
        asked, results = process.make(job)
        document: Any = {"version": None, "folder": name, **asked, "exports": results}
        publishing.complete(made, job["servable"], document)
        kept = {one["format"]: made / one["format"] for one in results if one["kept"]}
        sides = {SAVED_MODEL: Path(job["servable"]), **kept}
        photos = answered(sides, photos_of(args.csv, args.photos), args.rounds)
    print(
        json.dumps({**document, "exports": with_locators(job, results), "photos": photos}, indent=1)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
