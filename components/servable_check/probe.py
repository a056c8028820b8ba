"""Asks a servable in a clean process: run by path, with TensorFlow and nothing of ours.

Usage: python -I probe.py REQUEST.json ANSWER.json

REQUEST names the servable, a TFRecord of Examples, the probabilities that the trained model
gave them (.npy, float32[n, k]) and the names that ``schemas.signatures`` spells, since
nothing of ours can be imported here. ANSWER is a list of checks.
"""

import json
import sys
from typing import Any

# What a serving machine does not have must not be needed: an import of these fails.
FORBIDDEN = ("keras", "tf_keras", "tfx", "tensorflow_transform")
for forbidden in FORBIDDEN:
    sys.modules[forbidden] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf

# The same graph on the same machine; fused and unfused kernels differ by less.
TOLERANCE = 1e-3


def main(request_path: str, answer_path: str) -> None:
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    records = [r.numpy() for r in tf.data.TFRecordDataset(request["records"])]
    expected = np.load(request["expected"])
    checks = []
    for name, ask in (("tf2_loader", _tf2), ("tf1_loader", _tf1)):
        try:
            checks += _judge(name, request, ask(request, [*records, b"broken"]), expected)
        except Exception as error:  # Whatever stops a loader is the finding.
            checks.append(_check(name, False, f"{type(error).__name__}: {error}"))
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump({"pictures": len(records), "checks": checks}, file, ensure_ascii=False)


def _tf2(request: dict[str, Any], records: list[bytes]) -> dict[str, Any]:
    loaded = tf.saved_model.load(request["servable"])
    missing = [name for name in request["signatures"] if name not in loaded.signatures]
    if missing:
        raise LookupError(f"the servable lacks the signatures {missing}")
    answer = loaded.signatures[request["signature"]](tf.constant(records))
    return {name: tensor.numpy() for name, tensor in answer.items()}


def _tf1(request: dict[str, Any], records: list[bytes]) -> dict[str, Any]:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], request["servable"])
        signature = meta.signature_def[request["signature"]]
        outputs = {name: info.name for name, info in signature.outputs.items()}
        return session.run(outputs, {signature.inputs[request["input"]].name: records})


def _judge(
    name: str, request: dict[str, Any], answer: dict[str, Any], expected: Any
) -> list[dict[str, Any]]:
    """Compares the answers, of which the last is to a broken record."""
    statuses = [status.decode() for status in answer[request["status"]]]
    refused = [status for status in statuses[:-1] if status != request["ok"]]
    difference = float(np.abs(answer[request["probabilities"]][:-1] - expected).max())
    # "not above" would let NaN pass.
    same = difference <= TOLERANCE
    mood = answer[request["mood"]][-1].decode()
    return [
        _check(name, not refused, f"{len(statuses) - 1} pictures, {len(refused)} not answered"),
        _check(
            f"{name}_same_answers",
            same,
            f"largest difference to the trained model {difference:.2e}, allowed {TOLERANCE:g}",
        ),
        _check(
            f"{name}_broken_record",
            statuses[-1] != request["ok"] and not mood,
            f"status {statuses[-1]!r}, mood {mood!r}",
        ),
    ]


def _check(name: str, passed: bool, message: str) -> dict[str, Any]:
    return {"check": name, "passed": bool(passed), "message": message}


if __name__ == "__main__":
    main(*sys.argv[1:])
