"""Checks a servable in a clean process, with TensorFlow and without this project's modules.

Usage: python -I probe.py REQUEST.json RESULT.json

It is run by its path, so it can import nothing of this project (types are imported for mypy
alone). REQUEST is a ``schemas.documents.servable.ProbeRequest`` and RESULT a
``schemas.documents.servable.ProbeResult``.

The trained network's predictions were computed in float32 on a CPU, and so are the servable's
here, also where there is a GPU: see ``models.servable.golden``.

TensorFlow 2's loader runs the graphs as they are written. TensorFlow 1's, which is TensorFlow
Serving's, rewrites them first, as the server does; that takes more than half of the time before a
signature's first answer.
"""

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.documents.servable import (
        Expected,
        ProbeRequest,
        ProbeResult,
        ServableCheckRecord,
    )

    Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
    """Asks a signature, by its name, for its outputs of these inputs."""

# A serving machine does not have these packages: here their import fails.
FORBIDDEN = ("keras", "tf_keras", "tfx", "tensorflow_transform")
for forbidden in FORBIDDEN:
    sys.modules[forbidden] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf

# Rounding kernels to 10 bits moves the log-probabilities by ``Expected.rounding``; float32 keeps
# 13 bits more, but its sums and activations are rounded too, and differently in the folded
# servable. In a trained network of the drawn sample that came to a 150th to a 1000th of it, and
# kernels that are off by a 10,000th to a half of it.
ROUNDING_SHARE = 1 / 16
PLACE_TOLERANCE = 2e-3  # Of scores, and of boxes as shares of a side beside one pixel's rounding.
LEAST_TOLERANCE = 1e-4  # Of a network that rounding does not move, such as one of three layers.
SMALLEST = 1e-37  # Of float32; log-probabilities below are taken as equal.


def main(request_path: str, result_path: str) -> None:
    # Before TensorFlow starts any device.
    tf.config.set_visible_devices([], "GPU")
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    with open(request_path, encoding="utf-8") as file:
        request: ProbeRequest = json.load(file)
    with tf.io.gfile.GFile(request["expected"]) as file:
        expected: Expected = json.loads(file.read())
    records = [record.numpy() for record in tf.data.TFRecordDataset(request["records"])]
    inputs = _inputs(request, records, expected)
    scenes = _scenes(request)
    # Here, for a session of TensorFlow 1 would not compute them.
    sizes = _sizes(scenes)
    checks: list[ServableCheckRecord] = [_devices()]
    for name, load in (("tf2_loader", _load_in_tf2), ("tf1_loader", _load_in_tf1)):
        try:
            with load(request) as ask:
                by_example, by_box = (ask(*each) for each in inputs.items())
                checks += _compare(name, request, by_example, expected)
                checks.append(_compare_boxes(name, request, by_box, expected))
                if scenes:
                    checks.append(_compare_found(name, request, ask, scenes, sizes, expected))
        except Exception as error:  # Any error of a loader is a failed check.
            checks.append(_check(name, False, f"{type(error).__name__}: {error}"))
    result: ProbeResult = {"pictures": len(records), "checks": checks}
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False)


def _inputs(
    request: "ProbeRequest", records: list[bytes], expected: "Expected"
) -> dict[str, dict[str, Any]]:
    """Returns the inputs of both signatures, by signature and input."""
    crops = [
        tf.train.Example.FromString(record)
        .features.feature[request["image_feature"]]
        .bytes_list.value[0]
        for record in records
    ]
    return {
        request["by_example"]: {request["examples"]: [*records, b"broken"]},
        request["by_box"]: {
            request["image"]: crops,
            request["box"]: np.array(expected["boxes"], np.int64),
        },
    }


def _scenes(request: "ProbeRequest") -> list[bytes]:
    """Returns the photos in which animals are to be found."""
    if not request["scenes"]:
        return []
    return [
        tf.train.Example.FromString(record.numpy())
        .features.feature[request["scene_feature"]]
        .bytes_list.value[0]
        for record in tf.data.TFRecordDataset(request["scenes"])
    ]


def _sizes(scenes: list[bytes]) -> Any:
    """Returns int[n, 4], height and width of the photos, twice."""
    return np.tile([tf.io.decode_jpeg(scene).shape.as_list()[:2] for scene in scenes], 2)


@contextmanager
def _load_in_tf2(request: "ProbeRequest") -> "Iterator[Ask]":
    loaded = tf.saved_model.load(request["servable"])
    missing = [name for name in request["signatures"] if name not in loaded.signatures]
    if missing:
        raise LookupError(f"the servable lacks the signatures {missing}")

    def ask(signature: str, columns: dict[str, Any]) -> dict[str, Any]:
        tensors = {name: tf.constant(column) for name, column in columns.items()}
        outputs = loaded.signatures[signature](**tensors)
        return {name: output.numpy() for name, output in outputs.items()}

    yield ask


@contextmanager
def _load_in_tf1(request: "ProbeRequest") -> "Iterator[Ask]":
    # Without a configuration a session takes the one of eager TensorFlow, see main.
    config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], request["servable"])

        def ask(signature: str, columns: dict[str, Any]) -> dict[str, Any]:
            known = meta.signature_def[signature]
            outputs: dict[str, Any] = session.run(
                {name: info.name for name, info in known.outputs.items()},
                {known.inputs[name].name: column for name, column in columns.items()},
            )
            return outputs

        yield ask


def _devices() -> "ServableCheckRecord":
    kinds = sorted({device.device_type for device in tf.config.list_logical_devices()})
    return _check("on_cpu", kinds == ["CPU"], f"computed by {', '.join(kinds)}")


def _compare(
    name: str, request: "ProbeRequest", outputs: dict[str, Any], expected: "Expected"
) -> "list[ServableCheckRecord]":
    """Compares the outputs with the expected ones; the last record is a broken one."""
    statuses = [status.decode() for status in outputs[request["status"]]]
    failed = [status for status in statuses[:-1] if status != request["ok"]]
    mood = outputs[request["mood"]][-1].decode()
    probabilities = outputs[request["probabilities"]][:-1]
    return [
        _check(name, not failed, f"{len(statuses) - 1} pictures, {len(failed)} not predicted"),
        _same(f"{name}_same_answers", probabilities, expected["probabilities"], expected),
        _same_moods(f"{name}_same_moods", request, outputs, expected),
        _check(
            f"{name}_broken_record",
            statuses[-1] != request["ok"] and not mood,
            f"status {statuses[-1]!r}, mood {mood!r}",
        ),
    ]


def _compare_boxes(
    name: str, request: "ProbeRequest", outputs: dict[str, Any], expected: "Expected"
) -> "ServableCheckRecord":
    probabilities = outputs[request["probabilities"]]
    return _same(f"{name}_same_boxes", probabilities, expected["box_probabilities"], expected)


def _compare_found(
    name: str,
    request: "ProbeRequest",
    ask: "Ask",
    scenes: list[bytes],
    sizes: Any,
    expected: "Expected",
) -> "ServableCheckRecord":
    """Compares places with the trained locator's, and moods with those of the boxes given."""
    photos = {request["image"]: scenes}
    found = ask(request["by_photo"], photos)
    boxes = found[request["box"]]
    given = ask(request["by_box"], {**photos, request["box"]: boxes})
    scores = np.asarray(expected["scores"])
    is_animal = scores >= expected["min_score"]
    # At the very edge of the least score either answer is right.
    is_clear = np.abs(scores - expected["min_score"]) > PLACE_TOLERANCE
    statuses = np.array([status.decode() for status in found[request["status"]]])
    wanted = np.where(is_animal, request["ok"], request["no_animal"])
    other_statuses = int((statuses != wanted)[is_clear].sum())
    is_answered = statuses == request["ok"]
    score_difference = float(np.abs(found[request["found"]] - scores).max())
    box_difference = mood_difference = 0.0
    if is_answered.any():
        ends = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        off = np.abs(ends / sizes - np.asarray(expected["places"])) - 1 / sizes
        box_difference = float(off[is_answered].max())
        pair = (each[request["probabilities"]][is_answered] for each in (found, given))
        mood_difference = float(np.abs(np.subtract(*pair)).max())
    return _check(
        f"{name}_same_places",
        not other_statuses
        and score_difference <= PLACE_TOLERANCE
        and box_difference <= PLACE_TOLERANCE
        and mood_difference <= LEAST_TOLERANCE,
        f"{len(scenes)} photos, an animal in {int(is_answered.sum())}; {other_statuses} other "
        f"statuses, scores differ by {score_difference:.1e}, boxes by {box_difference:.1e} of a "
        f"side beyond a pixel, probabilities from those of given boxes by {mood_difference:.1e}",
    )


def _same(
    check: str, probabilities: Any, expected_probabilities: Any, expected: "Expected"
) -> "ServableCheckRecord":
    """Compares log-probabilities: where one mood is nearly certain, the others still tell."""
    tolerance = max(LEAST_TOLERANCE, ROUNDING_SHARE * expected["rounding"])
    # NaN stays NaN.
    logs = [
        np.log(np.maximum(np.asarray(values, np.float64), SMALLEST))
        for values in (probabilities, expected_probabilities)
    ]
    difference = float(np.abs(logs[0] - logs[1]).max())
    return _check(
        check,
        difference <= tolerance,  # "not above" would let NaN pass.
        f"largest difference to the trained model's log-probabilities {difference:.2e}, allowed "
        f"{tolerance:.2e} (both in float32 on a CPU; kernels of 10 bits would make "
        f"{expected['rounding']:.2e})",
    )


def _same_moods(
    check: str, request: "ProbeRequest", outputs: dict[str, Any], expected: "Expected"
) -> "ServableCheckRecord":
    """Compares the names, and the predicted name with the likeliest mood."""
    names = {tuple(name.decode() for name in row) for row in outputs[request["moods"]]}
    predicted = [name.decode() for name in outputs[request["mood"]][:-1]]
    likeliest = np.asarray(outputs[request["probabilities"]][:-1]).argmax(axis=1)
    wanted = [expected["moods"][index] for index in likeliest]
    different = sum(one != other for one, other in zip(predicted, wanted, strict=True))
    return _check(
        check,
        names == {tuple(expected["moods"])} and not different,
        f"moods {', '.join(' / '.join(row) for row in sorted(names))}; in training "
        f"{' / '.join(expected['moods'])}; {different} predicted moods are not the likeliest",
    )


def _check(name: str, passed: bool, message: str) -> "ServableCheckRecord":
    return {"check": name, "passed": bool(passed), "message": message}


if __name__ == "__main__":
    main(*sys.argv[1:])
