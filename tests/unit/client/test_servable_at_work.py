"""A servable where TensorFlow alone is: both loaders, every signature, 1 to 64 pictures, at once.

What TensorFlow Serving would do with it, as far as that can be done without TensorFlow Serving.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from schemas import features, signatures
from testing.models import quadrants as samples

_CLEAN_PROCESS = """
import concurrent.futures, json, sys
for forbidden in ("keras", "tf_keras", "tfx", "tensorflow_transform"):
    sys.modules[forbidden] = None
import tensorflow as tf

asked = json.load(open("asked.json"))

def rows(signature, size):
    for name, values in asked["signatures"][signature].items():
        made = [bytes.fromhex(v) if isinstance(v, str) else v for v in values]
        yield name, [made[place % len(made)] for place in range(size)]

def tf2(signature, size):
    kinds = {"box": tf.int64}
    tensors = {k: tf.constant(v, kinds.get(k, tf.string)) for k, v in rows(signature, size)}
    answer = loaded.signatures[signature](**tensors)
    return [answer[name].numpy().tolist() for name in ("status", "mood_index")]

def tf1(signature, size):
    definition = meta.signature_def[signature]
    feeds = {definition.inputs[k].name: v for k, v in rows(signature, size)}
    wanted = [definition.outputs[name].name for name in ("status", "mood_index")]
    return [value.tolist() for value in session.run(wanted, feeds)]

def sweep(ask):
    calls = [(s, n) for n in range(1, 65) for s in asked["signatures"]]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda call: ask(*call), calls))
    return [[*call, [s.decode() for s in status], index]
            for call, (status, index) in zip(calls, answers)]

loaded = tf.saved_model.load(asked["servable"])
told = {"tf2": sweep(tf2)}
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], asked["servable"])
    told["tf1"] = sweep(tf1)
json.dump(told, open("told.json", "w"))
"""


@pytest.fixture(scope="module")
def told(version: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Both loaders' answers: [signature, pictures, statuses, mood indices] a call."""
    folder = tmp_path_factory.mktemp("clean")
    pictures = [samples.encoded(samples.red_at(quadrant)) for quadrant in range(4)]
    pictures.append(b"broken")
    images = [picture.hex() for picture in pictures]
    asked = {
        signatures.SERVE_IMAGE: {signatures.IMAGE_BYTES: images},
        signatures.SERVE_BOX: {
            signatures.IMAGE_BYTES: images,
            signatures.BOX: [[0, 0, samples.SIDE, samples.SIDE]] * 5,
        },
        signatures.SERVE_EXAMPLE: {
            signatures.EXAMPLES: [_example(picture).hex() for picture in pictures]
        },
    }
    document = {"servable": str(version), "signatures": asked}
    (folder / "asked.json").write_text(json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CLEAN_PROCESS],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return answers


def _example(picture: bytes) -> bytes:
    values = {
        features.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture])),
        features.WINDOW: tf.train.Feature(
            int64_list=tf.train.Int64List(value=[0, 0, samples.SIDE, samples.SIDE])
        ),
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    return bytes(example.SerializeToString())


@pytest.mark.parametrize("loader", ["tf1", "tf2"])
def test_calls_at_once_of_every_size_and_signature_are_answered_row_by_row(
    told: dict[str, Any], loader: str
) -> None:
    calls = told[loader]
    assert len(calls) == 3 * 64
    for signature, size, statuses, moods in calls:
        places = [row % 5 for row in range(size)]
        assert moods == [-1 if place == 4 else place for place in places], (signature, size)
        assert statuses == ["image_unreadable" if place == 4 else "ok" for place in places]
