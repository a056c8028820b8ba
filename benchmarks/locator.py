r"""How well a locator finds the animals of real photos, trained on others of the same kind.

Stores the photos of both CSVs as the ingest does, trains a locator by the pipeline's own code, and
judges it: share of animals with an IoU of at least 0.5, IoU, area under the ROC curve of animals
against photos without one. These are background beside the boxes, cut out of the eval photos, and,
with --empty, photos of a folder. Processor seconds tell the cost where the machine has other work.

    uv run python -m benchmarks.locator --train-csv dogs/train.csv --eval-csv dogs/val.csv \
        --weights b0.weights.h5 --set locate.resolution=160
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import flags
from runner.settings_flags import add_set_flag


def measure(args: Any) -> dict[str, Any]:
    """Trains and judges, and returns the figures."""
    # Imported late: --help needs no TensorFlow.
    from benchmarks.photos_ours import cpu_seconds
    from models.location import store, training
    from pipeline import config

    settings = config.load(args.preset, None, args.overrides).locate
    folder = args.work.absolute()
    shards = {
        split: _stored(csv.absolute(), folder / split, split, settings)
        for split, csv in (("train", args.train_csv), ("eval", args.eval_csv))
    }
    to_learn_from = store.scenes_of([shards["train"]], settings.max_scenes, settings.seed)
    to_judge_on = store.scenes_of([shards["eval"]], settings.judged_scenes)
    began, cpu = time.perf_counter(), cpu_seconds()
    model = training.train(to_learn_from, settings, str(args.weights))
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    model.save(folder / "locator.keras")
    return {
        "settings": settings.model_dump(),
        "scenes": len(to_learn_from),
        "steps": training.steps_of(settings, len(to_learn_from)),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        **_judged(model, to_judge_on, settings, args.empty),
    }


def _judged(
    model: Any, records: Sequence[bytes], settings: Any, empty: Path | None
) -> dict[str, Any]:
    import numpy as np

    from models.location import decoding, judging

    figures: dict[str, Any] = {"eval": judging.judge(model, records, settings)}
    if empty is None:
        return figures
    pixels = np.stack([*_pictures(empty, settings.resolution)])
    scores = decoding.peaks(model.predict(pixels, verbose=0)).scores.numpy()[:, 0]
    animals = judging.best_scores(model, records, settings)
    figures["empty_photos"] = {
        "photos": len(scores),
        "false_share": float((scores >= settings.min_score).mean()),
        "auroc": judging.area_under_roc(animals, scores),
    }
    return figures


def _pictures(folder: Path, side: int) -> Iterator[Any]:
    import numpy as np
    from PIL import Image

    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            with Image.open(path) as image:
                small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
                yield np.asarray(small)


def _stored(csv: Path, folder: Path, split: str, settings: Any) -> str:
    """Ingests a CSV into one shard and returns its path; a block that is there is kept."""
    from components.pet_example_gen.job import IngestSettings, ShardJob
    from components.pet_example_gen.shard import write_shard
    from dataset.csv_rows import read_rows
    from dataset.partition import SplitShare, partition_rows
    from dataset.scenes import SceneSettings
    from dataset.settings import DataSettings
    from dataset.thinning import ThinSettings
    from schemas.splits import RECORDS

    folder.mkdir(parents=True, exist_ok=True)
    (block,) = partition_rows(str(csv), [SplitShare(split, 1)], 10**6, str(folder)).blocks
    moods = sorted({row.label for row in read_rows(str(csv))})
    ingest = IngestSettings(
        data=DataSettings(),
        thin=ThinSettings(),
        moods=tuple(moods),
        side=32,
        scenes=SceneSettings(
            side=settings.scene_side,
            judged_side=settings.judged_side,
            per_clip=settings.frames_per_clip,
        ),
    )
    stem = str(folder / "shard")
    write_shard(ShardJob(block, ingest, str(csv.parent), False, frozenset(), stem, block.rows))
    return stem + RECORDS


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    for name, meaning in (
        ("--train-csv", "photos to train on"),
        ("--eval-csv", "photos to judge on"),
        ("--weights", "start weights, a file that Keras can load, or none"),
    ):
        parser.add_argument(name, type=Path, required=True, metavar="FILE", help=meaning)
    parser.add_argument(
        "--empty", type=Path, metavar="FOLDER", help="photos without a dog or cat, to judge on too"
    )
    flags.add_work(parser, Path("build/locator"))
    flags.add_preset(parser, "default")
    add_set_flag(parser)
    print(json.dumps(measure(parser.parse_args()), indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
