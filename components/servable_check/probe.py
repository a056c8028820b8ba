"""Checks a servable in a clean process, with TensorFlow and without this project's modules.

Usage: python -I probe.py REQUEST.json RESULT.json

It is run by its path, so it can import nothing of this project (types are imported for mypy
alone). REQUEST is a ``schemas.documents.servable.ProbeRequest`` and RESULT a
``schemas.documents.servable.ProbeResult``.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.documents.servable import ProbeRequest, ProbeResult, ServableCheckRecord

# A serving machine does not have these packages: here their import fails.
FORBIDDEN = ("keras", "tf_keras", "tfx", "tensorflow_transform")
for forbidden in FORBIDDEN:
    sys.modules[forbidden] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf

# The same graph on the same machine; fused and unfused kernels differ by less.
TOLERANCE = 1e-3


def main(request_path: str, result_path: str) -> None:
    with open(request_path, encoding="utf-8") as file:
        request: ProbeRequest = json.load(file)
    records = [record.numpy() for record in tf.data.TFRecordDataset(request["records"])]
    expected = np.load(request["expected"])
    checks: list[ServableCheckRecord] = []
    for name, predict in (("tf2_loader", _predict_in_tf2), ("tf1_loader", _predict_in_tf1)):
        try:
            outputs = predict(request, [*records, b"broken"])
            checks += _compare(name, request, outputs, expected)
        except Exception as error:  # Any error of a loader is a failed check.
            checks.append(_check(name, False, f"{type(error).__name__}: {error}"))
    result: ProbeResult = {"pictures": len(records), "checks": checks}
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False)


def _predict_in_tf2(request: "ProbeRequest", records: list[bytes]) -> dict[str, Any]:
    loaded = tf.saved_model.load(request["servable"])
    missing = [name for name in request["signatures"] if name not in loaded.signatures]
    if missing:
        raise LookupError(f"the servable lacks the signatures {missing}")
    outputs = loaded.signatures[request["signature"]](tf.constant(records))
    return {name: tensor.numpy() for name, tensor in outputs.items()}


def _predict_in_tf1(request: "ProbeRequest", records: list[bytes]) -> dict[str, Any]:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], request["servable"])
        signature = meta.signature_def[request["signature"]]
        outputs = {name: info.name for name, info in signature.outputs.items()}
        return session.run(outputs, {signature.inputs[request["input"]].name: records})


def _compare(
    name: str, request: "ProbeRequest", outputs: dict[str, Any], expected: Any
) -> "list[ServableCheckRecord]":
    """Compares the outputs with the expected ones; the last record is a broken one."""
    statuses = [status.decode() for status in outputs[request["status"]]]
    failed = [status for status in statuses[:-1] if status != request["ok"]]
    difference = float(np.abs(outputs[request["probabilities"]][:-1] - expected).max())
    # "not above" would let NaN pass.
    same = difference <= TOLERANCE
    mood = outputs[request["mood"]][-1].decode()
    return [
        _check(name, not failed, f"{len(statuses) - 1} pictures, {len(failed)} not predicted"),
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


def _check(name: str, passed: bool, message: str) -> "ServableCheckRecord":
    return {"check": name, "passed": bool(passed), "message": message}


if __name__ == "__main__":
    main(*sys.argv[1:])
