"""A servable in a process that has only TensorFlow: both loaders, every signature, all batch sizes.

The calls run at the same time, as in TensorFlow Serving, with 1 to 64 pictures each.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from schemas import features, signatures
from testing.models import quadrants

pytestmark = pytest.mark.slow

_CLEAN_PROCESS = """
import concurrent.futures, json, sys
for forbidden in ("keras", "tf_keras", "tfx", "tensorflow_transform"):
    sys.modules[forbidden] = None
import tensorflow as tf

calls_json = json.load(open("calls.json"))

def rows(signature, size):
    for name, values in calls_json["signatures"][signature].items():
        cells = [bytes.fromhex(v) if isinstance(v, str) else v for v in values]
        yield name, [cells[index % len(cells)] for index in range(size)]

def tf2(signature, size):
    dtypes = {"box": tf.int64}
    tensors = {k: tf.constant(v, dtypes.get(k, tf.string)) for k, v in rows(signature, size)}
    outputs = loaded.signatures[signature](**tensors)
    return [outputs[name].numpy().tolist() for name in ("status", "mood_index")]

def tf1(signature, size):
    definition = meta.signature_def[signature]
    feeds = {definition.inputs[k].name: v for k, v in rows(signature, size)}
    fetches = [definition.outputs[name].name for name in ("status", "mood_index")]
    return [value.tolist() for value in session.run(fetches, feeds)]

def sweep(predict):
    calls = [(s, n) for n in range(1, 65) for s in calls_json["signatures"]]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda call: predict(*call), calls))
    return [[*call, [s.decode() for s in status], index]
            for call, (status, index) in zip(calls, results)]

loaded = tf.saved_model.load(calls_json["servable"])
results = {"tf2": sweep(tf2)}
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], calls_json["servable"])
    results["tf1"] = sweep(tf1)
json.dump(results, open("results.json", "w"))
"""


@pytest.fixture(scope="module")
def results(version: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Results by loader; of each call [signature, pictures, statuses, mood indices]."""
    folder = tmp_path_factory.mktemp("clean")
    pictures = [quadrants.encoded(quadrants.red_at(quadrant)) for quadrant in range(4)]
    pictures.append(b"broken")
    images = [picture.hex() for picture in pictures]
    inputs = {
        signatures.SERVE_IMAGE: {signatures.IMAGE_BYTES: images},
        signatures.SERVE_BOX: {
            signatures.IMAGE_BYTES: images,
            signatures.BOX: [[0, 0, quadrants.SIDE, quadrants.SIDE]] * 5,
        },
        signatures.SERVE_EXAMPLE: {
            signatures.EXAMPLES: [_example(picture).hex() for picture in pictures]
        },
    }
    document = {"servable": str(version), "signatures": inputs}
    (folder / "calls.json").write_text(json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CLEAN_PROCESS],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    by_loader: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return by_loader


def _example(picture: bytes) -> bytes:
    values = {
        features.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture])),
        features.WINDOW: tf.train.Feature(
            int64_list=tf.train.Int64List(value=[0, 0, quadrants.SIDE, quadrants.SIDE])
        ),
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    return bytes(example.SerializeToString())


@pytest.mark.parametrize("loader", ["tf1", "tf2"])
def test_simultaneous_calls_of_every_size_and_signature_return_the_right_rows(
    results: dict[str, Any], loader: str
) -> None:
    calls = results[loader]
    assert len(calls) == 3 * 64
    for signature, size, statuses, mood_indices in calls:
        pictures = [row % 5 for row in range(size)]
        assert mood_indices == [-1 if index == 4 else index for index in pictures], (
            signature,
            size,
        )
        assert statuses == ["image_unreadable" if index == 4 else "ok" for index in pictures]
