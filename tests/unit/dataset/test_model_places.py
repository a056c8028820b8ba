"""The reference code from map to box, in Python and in JavaScript, gives the servable's boxes."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dataset import model_places
from models.location import decoding, second_look
from testing.paths import ROOT

SIZES = ((480, 640), (1, 1), (97, 131), (4000, 3), (33, 33))
VIEWED = (0.2, 0.3, 0.7, 0.6)
"""A first place, around which the second look is."""

Box = tuple[int, int, int, int]


def maps() -> np.ndarray:
    """float32[n, 8, 8, 5]; boxes reach beyond the photo, and one is turned inside out."""
    rng = np.random.default_rng(5)
    found = rng.normal(0, 0.3, (len(SIZES), 8, 8, 5)).astype(np.float32)
    found[..., 0] *= 10
    found[1, ..., 1:] = -0.3
    return found


def expected() -> list[tuple[float, Box, Box]]:
    """Scores, first boxes, and boxes in a view around ``VIEWED``, by TensorFlow."""
    seen = decoding.peaks(tf.constant(maps()))
    sizes = tf.constant(SIZES, tf.int64)
    boxes = decoding.pixel_boxes(seen.boxes[:, 0], sizes)
    around = decoding.pixel_boxes(tf.constant([VIEWED] * len(SIZES)), sizes)
    placed = second_look.in_photo(seen.boxes[:, 0], around, sizes)
    again = decoding.pixel_boxes(placed, sizes)
    scores = seen.scores[:, 0].numpy().tolist()
    return [
        (score, tuple(first), tuple(second))
        for score, first, second in zip(
            scores, boxes.numpy().tolist(), again.numpy().tolist(), strict=True
        )
    ]


def same(got: list[tuple[float, Box, Box]]) -> None:
    for one, other, size in zip(got, expected(), SIZES, strict=True):
        assert one[0] == pytest.approx(other[0], abs=1e-6)
        assert (*one[1:],) == other[1:], size


def test_python_gives_the_same_boxes() -> None:
    got = []
    for located, (height, width) in zip(maps(), SIZES, strict=True):
        score, ends = model_places.best_place(located)
        box = model_places.pixel_box(ends, height, width)
        around = model_places.pixel_box(np.array(VIEWED, np.float32), height, width)
        view = model_places.second_view(around, height, width)
        placed = model_places.in_photo(ends, view, height, width)
        got.append((score, box, model_places.pixel_box(placed, height, width)))
    same(got)


def test_the_margin_is_the_servables() -> None:
    assert model_places.SECOND_LOOK_MARGIN == second_look.MARGIN
    code = (ROOT / "deploy" / "browser" / "locating.js").read_text("utf-8")
    assert f"const MARGIN = {second_look.MARGIN};" in code


_NODE = """
import { readFileSync } from "node:fs";
import { bestPlace, closeView, inPhoto, pixelBox } from "MODULE";
const numbers = ({ y, x, height, width }) => [y, x, height, width];
const out = JSON.parse(readFileSync(process.argv[2], "utf-8")).map(({ map, size, viewed }) => {
  const { score, place } = bestPlace(Float32Array.from(map));
  const view = closeView(pixelBox(viewed, ...size), ...size);
  const second = pixelBox(inPhoto(place, view, ...size), ...size);
  return [score, numbers(pixelBox(place, ...size)), numbers(second)];
});
console.log(JSON.stringify(out));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node, which is not installed")
def test_javascript_gives_the_same_boxes(tmp_path: Path) -> None:
    viewed = np.array(VIEWED, np.float32).tolist()
    asked = [
        {"map": located.ravel().tolist(), "size": size, "viewed": viewed}
        for located, size in zip(maps(), SIZES, strict=True)
    ]
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    module = (ROOT / "deploy" / "browser" / "locating.js").as_uri()
    (tmp_path / "run.mjs").write_text(_NODE.replace("MODULE", module))
    command = ["node", str(tmp_path / "run.mjs"), str(tmp_path / "asked.json")]
    printed = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    same([(score, tuple(first), tuple(second)) for score, first, second in json.loads(printed)])
