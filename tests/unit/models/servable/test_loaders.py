"""The servable in a process with TensorFlow alone: both loaders, every signature."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import signatures
from testing.models import samples

MOODS = samples.MOODS

_CLEAN_PROCESS = """
import json, sys
import tensorflow as tf

def tf2(folder, requests):
    loaded = tf.saved_model.load(folder)
    for name, inputs in requests.items():
        types = {"box": tf.int64}
        tensors = {k: tf.constant(v, types.get(k, tf.string)) for k, v in inputs.items()}
        out = loaded.signatures[name](**tensors)
        yield name, {k: v.numpy().tolist() for k, v in out.items()}

def tf1(folder, requests):
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], folder)
        for name, inputs in requests.items():
            signature = meta.signature_def[name]
            feeds = {signature.inputs[k].name: v for k, v in inputs.items()}
            out = session.run({k: v.name for k, v in signature.outputs.items()}, feeds)
            yield name, {k: v.tolist() for k, v in out.items()}

def decoded(value):
    return bytes.fromhex(value) if isinstance(value, str) else value

outputs = []
for loader, folder, requests in json.load(open("calls.json")):
    feeds = {
        name: {key: [decoded(value) for value in rows] for key, rows in inputs.items()}
        for name, inputs in requests.items()
    }
    outputs.append(dict({"tf1": tf1, "tf2": tf2}[loader](folder, feeds)))
ours = [name for name in sys.modules if name.split(".")[0] in ("models", "schemas", "dataset")]
assert not ours, ours
print("OUTPUTS" + json.dumps(outputs, default=bytes.decode))
"""

PICTURE = samples.jpeg(samples.mottled(90, 120, seed=5))


def call_in_clean_process(folder: Path, calls: list[tuple[str, str, Any]]) -> list[Any]:
    """Calls servables in a process that can import TensorFlow and none of our modules.

    Args:
      folder: to run in.
      calls: (loader, the servable's folder, {signature: {input: rows}}) each.

    Returns:
      {signature: {output: rows}} for each call.
    """
    (folder / "calls.json").write_text(json.dumps(calls, default=bytes.hex))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CLEAN_PROCESS],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outputs: list[Any] = json.loads(done.stdout.split("OUTPUTS")[1])
    return outputs


def test_both_loaders_work_with_tensorflow_alone(
    trained: SimpleNamespace, servable_folder: Path, tmp_path: Path
) -> None:
    pictures = [PICTURE, b"broken", PICTURE]
    requests = {
        signatures.SERVE_IMAGE: {signatures.IMAGE_BYTES: pictures},
        signatures.SERVE_BOX: {
            signatures.IMAGE_BYTES: pictures,
            # Widened by a quarter: 10 rows and 16 columns on each side, to (10, 4, 60, 96).
            signatures.BOX: [[20, 20, 40, 64], [0, 0, 9, 9], [0, 0, 91, 9]],
        },
        signatures.SERVE_EXAMPLE: {
            signatures.EXAMPLES: [samples.example(PICTURE, window=(10, 4, 60, 96)), b"broken"]
        },
    }
    just_images = {signatures.SERVE_IMAGE: requests[signatures.SERVE_IMAGE]}
    by_tf2, by_tf1, of_efficientnet = call_in_clean_process(
        tmp_path,
        [
            ("tf2", str(servable_folder), requests),
            ("tf1", str(servable_folder), requests),
            ("tf1", trained.serving_model_dir, just_images),
        ],
    )
    unreadable = signatures.STATUS_IMAGE_UNREADABLE
    for outputs in (by_tf2, by_tf1):
        image, box, row = (outputs[name] for name in requests)
        assert image[signatures.STATUS] == ["ok", unreadable, "ok"]
        assert box[signatures.STATUS] == ["ok", unreadable, signatures.STATUS_BOX_OUTSIDE_IMAGE]
        assert row[signatures.STATUS] == ["ok", unreadable]
        assert image[signatures.MOOD][0] in MOODS
        assert image[signatures.MOODS][1] == list(MOODS)
        boxed, stored = box[signatures.PROBABILITIES][0], row[signatures.PROBABILITIES][0]
        assert boxed == pytest.approx(stored, rel=1e-5)
        assert boxed != pytest.approx(image[signatures.PROBABILITIES][0], rel=1e-2)
    assert by_tf1 == by_tf2
    deep = of_efficientnet[signatures.SERVE_IMAGE]
    assert deep[signatures.STATUS] == ["ok", unreadable, "ok"]
    assert sum(deep[signatures.PROBABILITIES][0]) == pytest.approx(1, rel=1e-5)
