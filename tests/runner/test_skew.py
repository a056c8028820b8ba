"""The model must see nearly the same in training and when it is asked with a photo and a box.

Asked are animals, which no model of colours knows, so that any change of its input shows in the
probabilities; and colours. Two models answer: the one that a run has pushed, and a network that
knows the colours without a training. A change of mood is counted with the latter alone: how sure a
training of seconds is of a grainy colour depends on the order of its pictures.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

from benchmarks import skew
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from dataset.boxes import PixelBox
from dataset.partition import SplitShare, partition_rows
from dataset.sample.clips import Frame
from dataset.sample.oddities import Oddity, save_oddity
from dataset.sample.rows import SampleRow, write_csv
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.servable import export
from models.servable.serving_spec import ServingSpec
from schemas import signatures
from schemas.labels import DEFAULT_MOODS
from schemas.splits import RECORDS
from testing.models.colour_network import COLOURS, colour_network
from testing.pipeline.runs import Run

SIDE = 32
ODD_AND_COLOURED = [oddity for oddity in Oddity if oddity is not Oddity.GREYSCALE]


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A servable that knows the colours, with the preprocessing of the run's."""
    folder = tmp_path_factory.mktemp("knowing")
    data = DataSettings()
    spec = ServingSpec(tuple(DEFAULT_MOODS), SIDE, data.box_margin, box_overhang=data.box_overhang)
    export.write_servable(colour_network(SIDE), spec, "none", str(folder))
    return folder


def test_a_stored_animal_and_its_photo_with_the_box_get_the_same_answer(
    pushed: Run, knowing: Path, tmp_path: Path
) -> None:
    sample = write_sample(
        tmp_path / "sample",
        SampleSettings(train_clips=(2,) * 6, eval_clips=(1,) * 6, frames_per_clip=2),
        workers=1,
    )
    trained, known = skews_of((served(pushed), knowing), sample.train_csv, tmp_path)
    # 12 clips of 2 frames and 9 oddities: grey, CMYK, palette, alpha, EXIF-rotated and others.
    assert trained.rows == known.rows == 33
    assert trained.mean_abs_difference < 0.02
    # Measured 0.0005. With another margin for the photos than for the Examples: 0.006 and more.
    assert known.mean_abs_difference < 0.002
    assert known.other_mood == 0


def test_no_mood_that_the_model_knows_changes(pushed: Run, knowing: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for oddity in ODD_AND_COLOURED:
        for mood, colour in zip(DEFAULT_MOODS, COLOURS, strict=True):
            name = f"{oddity.value}-{colour}"
            row = SampleRow(f"images/{name}/frame_0.jpg", "96,150,300,300", mood, "CAT", name)
            (tmp_path / row.image_path).parent.mkdir(parents=True)
            frame = photo(colour, PixelBox(96, 150, 300, 300), rng)
            rows.append(save_oddity(tmp_path, oddity, frame, row, 90))
    csv = tmp_path / "colours.csv"
    write_csv(csv, rows, from_windows=False)
    trained, known = skews_of((served(pushed), knowing), csv, tmp_path)
    assert trained.rows == known.rows == len(ODD_AND_COLOURED) * len(COLOURS)
    assert trained.mean_abs_difference < 0.02
    assert known.other_mood == 0


def test_the_skew_of_an_overhanging_box_is_that_of_a_box_within(
    knowing: Path, tmp_path: Path
) -> None:
    """Boxes past each edge and past two; their parts in the photo have rows of their own."""
    rng = np.random.default_rng(1)
    boxes = ["-10,150,300,300", "190,-15,300,300", "96,431,300,300", "-15,-15,300,300"]
    parts = ["0,150,290,300", "190,0,290,285", "96,431,300,289", "0,0,285,285"]
    rows = []
    for number, text in enumerate([*boxes, *parts]):
        y, x, *sides = map(int, text.split(","))
        name = f"{number % len(boxes)}"
        path = tmp_path / name / "frame_0.jpg"
        if not path.exists():
            path.parent.mkdir()
            frame = photo(COLOURS[number], PixelBox(max(y, 0), max(x, 0), *sides), rng)
            frame.image.save(path, quality=92)
        rows.append(SampleRow(f"{name}/frame_0.jpg", text, DEFAULT_MOODS[number % 4], "CAT", name))
    csv = tmp_path / "overhanging.csv"
    write_csv(csv, rows, from_windows=False)
    (known,) = skews_of([knowing], csv, tmp_path)
    assert known.rows == len(rows)
    assert known.mean_abs_difference < 0.002
    assert known.other_mood == 0
    # Whatever is left is the ingest's shrinking, the same for a box and for its part.
    answers = answers_of(knowing, [(tmp_path / row.image_path, row.bbox) for row in rows])
    np.testing.assert_array_equal(answers[: len(boxes)], answers[len(boxes) :])


def answers_of(servable: Path, asked: list[tuple[Path, str]]) -> np.ndarray:
    """Returns the probabilities of photos with boxes."""
    outputs = tf.saved_model.load(str(servable)).signatures[signatures.SERVE_BOX](
        image_bytes=tf.constant([path.read_bytes() for path, _ in asked]),
        box=tf.constant([list(map(int, box.split(","))) for _, box in asked], tf.int64),
    )
    assert {*outputs[signatures.STATUS].numpy()} == {b"ok"}
    answers: np.ndarray = outputs[signatures.PROBABILITIES].numpy()
    return answers


def photo(colour: str, box: PixelBox, rng: np.random.Generator) -> Frame:
    """A grainy picture, much larger than what is stored of it, of a colour within the box."""
    image = Image.new("RGB", (720, 480), "grey")
    corners = (box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
    ImageDraw.Draw(image).rectangle(corners, colour)
    grainy = np.asarray(image) + rng.normal(0, 40, (480, 720, 3))
    return Frame(Image.fromarray(grainy.clip(0, 255).astype(np.uint8)), box)


def served(pushed: Run) -> Path:
    """Returns the version that a run has pushed."""
    return Path(pushed.record["pushed"])


def skews_of(servables: Iterable[Path], csv: Path, folder: Path) -> list[skew.Skew]:
    """Ingests the CSV's rows and asks each servable for each row in both ways."""
    rows = folder / "rows"
    rows.mkdir()
    (block,) = partition_rows(str(csv), [SplitShare("train", 1)], 4096, str(rows)).blocks
    settings = IngestSettings(
        data=DataSettings(), thin=ThinSettings(), moods=DEFAULT_MOODS, side=SIDE
    )
    stem = str(folder / "examples")
    write_shard(ShardJob(block, settings, str(csv.parent), False, frozenset(), stem, block.rows))
    shards = [Path(stem + RECORDS)]
    return [skew.measure(servable, shards, csv, csv.parent) for servable in servables]
