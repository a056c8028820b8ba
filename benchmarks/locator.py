r"""How well a locator finds the animals of photos, trained on others of the same kind.

Stores the photos of both CSVs as the ingest does, trains a locator by the pipeline's own code, and
judges it: share of animals with an IoU of at least 0.5, IoU, area under the ROC curve of animals
against photos without one. These are background beside the boxes, cut out of the eval photos, and
also photos of a folder (--empty) or rooms as in the drawn sample (--rooms). With --moods it also
trains a network, as the Trainer does, and compares its moods with boxes given, boxes found and
whole photos, as the Evaluator does. Processor seconds tell the cost where the machine has other
work.

    uv run python -m benchmarks.locator --train-csv dogs/train.csv --eval-csv dogs/val.csv \
        --weights b0.weights.h5 --set locate.resolution=160

Start weights of "none" take those of the network that --moods trains, as a run does.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import flags
from runner.settings_flags import add_set_flag
from schemas.labels import DEFAULT_MOODS

_LONG, _SHORT, _HEAD = 1280, 720, 140
"""Sides of the drawn sample's frames, and half the width of a head in them, pixels."""


def measure(args: Any) -> dict[str, Any]:
    """Trains and judges, and returns the figures."""
    # Imported late: --help needs no TensorFlow.
    from benchmarks import locator_moods
    from benchmarks.photos_ours import cpu_seconds
    from models.location import store, training
    from models.servable.locating import LocatorNetwork
    from models.settings.network import NONE
    from pipeline import config

    weights = args.weights if args.weights == NONE else str(Path(args.weights).absolute())
    settings = config.load(args.preset, None, [*args.overrides, f"model.weights={weights}"])
    locate, folder = settings.locate, args.work.absolute()
    moods = _moods(args.train_csv)
    train, evaluation = (
        _stored(csv.absolute(), folder / split, split, settings, moods)
        for split, csv in (("train", args.train_csv), ("eval", args.eval_csv))
    )
    network = None
    if args.moods:
        network = locator_moods.trained(train, evaluation, moods, settings, folder / "network")
    know_photos = settings.model.weights != NONE
    start = str(network) if network and not know_photos else settings.model.weights
    to_learn_from = store.scenes_of([train], locate.max_scenes, locate.seed)
    to_judge_on = store.scenes_of([evaluation], locate.judged_scenes)
    began, cpu = time.perf_counter(), cpu_seconds()
    model = training.train(to_learn_from, locate, start, know_photos=know_photos)
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    model.save(folder / "locator.keras")
    figures = {
        "settings": locate.model_dump(),
        "scenes": len(to_learn_from),
        "steps": training.steps_of(locate, len(to_learn_from)),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        **_judged(model, to_judge_on, locate, args),
    }
    if network:
        served = LocatorNetwork(model, locate.resolution, locate.min_score)
        figures["moods"] = locator_moods.compared(
            network, served, evaluation, moods, settings, folder / "servable"
        )
    return figures


def _judged(model: Any, records: Sequence[bytes], settings: Any, args: Any) -> dict[str, Any]:
    from models.location import judging

    figures: dict[str, Any] = {"eval": judging.judge(model, records, settings)}
    sources = {
        "empty_photos": _photos(args.empty) if args.empty else (),
        "empty_rooms": itertools.islice(_rooms(), args.rooms),
    }
    for name, photos in sources.items():
        scores = _scores_of(model, photos, settings)
        if len(scores):
            animals = judging.best_scores(model, records, settings)
            figures[name] = {
                "photos": len(scores),
                "false_share": float((scores >= settings.min_score).mean()),
                "auroc": judging.area_under_roc(animals, scores),
            }
    return figures


def _scores_of(model: Any, photos: Any, settings: Any) -> Any:
    """Returns the best score in each photo, as the servable sees it: stretched to a square."""
    import numpy as np
    import tensorflow as tf

    from models.inputs.preprocessing import resize
    from models.location import decoding

    square = [settings.resolution, settings.resolution, 3]
    pixels = [resize(tf.constant(photo), settings.resolution).numpy() for photo in photos]
    located = model.predict(np.array(pixels).reshape([-1, *square]), verbose=0) if pixels else None
    return [] if located is None else decoding.peaks(located).scores.numpy()[:, 0]


def _photos(folder: Path) -> Iterator[Any]:
    import numpy as np
    from PIL import Image, ImageOps

    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            with Image.open(path) as image:
                yield np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def _rooms() -> Iterator[Any]:
    """Yields frames of the drawn sample in which the animal sits below the frame's edge."""
    import numpy as np

    from dataset.sample.appearance import random_appearance
    from dataset.sample.scene import Scene
    from dataset.sample.settings import SPECIES_NAMES

    for number in itertools.count():
        rng = np.random.default_rng([number, 2])
        width, height = (_LONG, _SHORT) if number % 2 else (_SHORT, _LONG)
        animal = random_appearance(SPECIES_NAMES[number // 2 % 2], rng)
        scene = Scene(width, height, (width / 2, height - 1.0, _HEAD), animal, rng)
        yield np.asarray(scene.with_noise(scene.backdrop(0, 0), rng))


def _moods(csv: Path) -> tuple[str, ...]:
    """Returns the CSV's moods, in the order of the label map where it has them all."""
    from dataset.csv_rows import read_rows

    found = {row.label for row in read_rows(str(csv))}
    known = tuple(mood for mood in DEFAULT_MOODS if mood in found)
    return known or tuple(sorted(found))


def _stored(csv: Path, folder: Path, split: str, settings: Any, moods: Sequence[str]) -> str:
    """Ingests a CSV into one shard and returns its path; a block that is there is kept."""
    from components.pet_example_gen.job import IngestSettings, ShardJob
    from components.pet_example_gen.shard import write_shard
    from dataset.partition import SplitShare, partition_rows
    from dataset.scenes import SceneSettings
    from dataset.thinning import ThinSettings
    from schemas.splits import RECORDS

    folder.mkdir(parents=True, exist_ok=True)
    (block,) = partition_rows(str(csv), [SplitShare(split, 1)], 10**6, str(folder)).blocks
    ingest = IngestSettings(
        data=settings.data,
        thin=ThinSettings(),
        moods=tuple(moods),
        side=settings.model.resolution,
        scenes=SceneSettings(
            side=settings.locate.scene_side,
            judged_side=settings.locate.judged_side,
            per_clip=settings.locate.frames_per_clip,
        ),
    )
    stem = str(folder / "shard")
    write_shard(ShardJob(block, ingest, str(csv.parent), False, frozenset(), stem, block.rows))
    return stem + RECORDS


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    for name, kind, meaning in (
        ("--train-csv", Path, "photos to train on"),
        ("--eval-csv", Path, "photos to judge on"),
        ("--weights", str, "start weights, a file that Keras can load, or none"),
    ):
        parser.add_argument(name, type=kind, required=True, metavar="FILE", help=meaning)
    parser.add_argument(
        "--moods", action="store_true", help="compare moods with boxes given, found and whole"
    )
    parser.add_argument(
        "--empty", type=Path, metavar="FOLDER", help="photos without a dog or cat, to judge on too"
    )
    flags.add_number(parser, "--rooms", 0, "drawn rooms without an animal, to judge on too")
    flags.add_work(parser, Path("build/locator"))
    flags.add_preset(parser, "default")
    add_set_flag(parser)
    print(json.dumps(measure(parser.parse_args()), indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
