"""The reference preprocessing, in Python and in JavaScript, gives the servable's own pixels.

TensorFlow is the judge: the same decoded pixels must become the same pixels to the bit.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from dataset import model_pixels
from models.inputs.photo import PhotoPreprocessor
from models.inputs.prepared_photo import Limits, Outcome, Source
from testing.models.quadrants import encoded
from testing.paths import ROOT

MARGIN, OVERHANG = 0.05, 0.1
SIDE = 64


class Case(NamedTuple):
    height: int
    width: int
    orientation: int = 1
    box: tuple[int, int, int, int] | None = None


CASES = (
    Case(200, 300),
    Case(64, 64),
    Case(31, 47),  # Enlarged.
    Case(1, 1),
    Case(480, 640, 1, (60, 80, 360, 480)),
    Case(333, 217, 1, (-9, 5, 101, 99)),  # Overhangs.
    Case(100, 100, 1, (-30, 0, 60, 60)),  # By more than the model allows.
    Case(100, 100, 1, (10, 10, 0, 5)),
    Case(3, 8200),  # Scaled along the columns first.
    *(Case(97, 131, orientation, (20, 10, 50, 41)) for orientation in range(1, 9)),
)


def noise(case: Case) -> np.ndarray:
    seed = [case.height, case.width, case.orientation]
    shape = (case.height, case.width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def servable_pixels():
    """Returns a function from a photo to the servable's pixels; None is a box outside."""
    prepare = PhotoPreprocessor(SIDE, MARGIN, Limits(), OVERHANG)

    @tf.function(input_signature=[tf.TensorSpec([], tf.string), tf.TensorSpec([4], tf.int64)])
    def boxed(photo, box):
        return prepare(photo, box, Source.BOXED_PHOTO, False)

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def whole(photo):
        return prepare(photo, tf.zeros([4], tf.int64), Source.WHOLE_PHOTO, False)

    def pixels_of(photo: bytes, box: tuple[int, int, int, int] | None) -> np.ndarray | None:
        pixels, outcome, _ = whole(photo) if box is None else boxed(photo, box)
        return pixels.numpy() if int(outcome) == Outcome.OK else None

    return pixels_of


def reference(stored: np.ndarray, case: Case) -> np.ndarray | None:
    return model_pixels.network_pixels(
        stored,
        case.orientation,
        case.box,
        resolution=SIDE,
        box_margin=MARGIN,
        box_overhang=OVERHANG,
    )


@pytest.mark.slow
def test_from_the_same_decoded_pixels_the_reference_gives_the_servables(servable_pixels) -> None:
    outside = 0
    for case in CASES:
        stored = noise(case)
        expected = servable_pixels(encoded(stored, "PNG", case.orientation), case.box)
        got = reference(stored, case)
        if expected is None:
            assert got is None, case
            outside += 1
        else:
            np.testing.assert_array_equal(got, expected, str(case))
    assert outside == 2


@pytest.mark.slow
def test_of_a_jpeg_no_level_differs_by_more_than_one(servable_pixels) -> None:
    """Pillow decodes the whole JPEG here, and TensorFlow the view alone."""
    import io

    from PIL import Image

    rng = np.random.default_rng(1)
    smooth = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize((640, 480))
    case = Case(480, 640, 1, (61, 83, 351, 477))
    photo = encoded(smooth, "JPEG", quality=90)
    stored = np.asarray(Image.open(io.BytesIO(photo)))
    got, expected = reference(stored, case), servable_pixels(photo, case.box)
    assert np.abs(got.astype(int) - expected.astype(int)).max() <= 1


_NODE = """
import { readFileSync, writeFileSync } from "node:fs";
import { networkPixels, viewOf } from "MODULE";
const [, , folder] = process.argv;
for (const one of JSON.parse(readFileSync(`${folder}/cases.json`, "utf-8"))) {
  const { name, height, width, box, margin, overhang, side } = one;
  const whole = { y: 0, x: 0, height, width };
  const view = box === null ? whole : viewOf(box, height, width, margin, overhang);
  const pixels = new Uint8Array(readFileSync(`${folder}/${name}.raw`));
  const out = view && networkPixels(pixels, height, width, 3, view, side);
  writeFileSync(`${folder}/${name}.out`, out ?? "");
}
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node, which is not installed")
@pytest.mark.slow
def test_javascript_gives_the_same_pixels(tmp_path: Path, servable_pixels) -> None:
    """A browser turns photos upright itself: the cases without an orientation are asked."""
    cases = [case for case in CASES if case.orientation == 1]
    documents = []
    for index, case in enumerate(cases):
        (tmp_path / f"{index}.raw").write_bytes(noise(case).tobytes())
        box = dict(zip(("y", "x", "height", "width"), case.box, strict=True)) if case.box else None
        documents.append(
            {
                **{"name": str(index), "height": case.height, "width": case.width, "box": box},
                **{"margin": MARGIN, "overhang": OVERHANG, "side": SIDE},
            }
        )
    (tmp_path / "cases.json").write_text(json.dumps(documents))
    module = (ROOT / "deploy" / "browser" / "preprocessing.js").as_uri()
    (tmp_path / "run.mjs").write_text(_NODE.replace("MODULE", module))
    subprocess.run(["node", str(tmp_path / "run.mjs"), str(tmp_path)], check=True, timeout=60)
    for index, case in enumerate(cases):
        expected = servable_pixels(encoded(noise(case)), case.box)
        got = np.frombuffer((tmp_path / f"{index}.out").read_bytes(), np.uint8)
        if expected is None:
            assert got.size == 0, case
        else:
            np.testing.assert_array_equal(got.reshape(expected.shape), expected, str(case))
