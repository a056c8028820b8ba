"""How far TF32 moves the predictions of a trained network, and whether ServableCheck passes.

Reads the newest model of an output folder and predicts the check's pictures on TensorFlow's first
device, with TF32 and without, then runs the check itself. On a machine without a GPU both
differences are those of float32.

    uv run python -m benchmarks.servable_rounding --output build/sample
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks import flags
from components.servable_check.component import probe
from models.inputs.preprocessing import PICTURE_SPEC, preprocess
from schemas import artifacts, features
from schemas.documents.servable import Expected


def newest(output: Path, pattern: str) -> Path:
    """Returns the newest file of the pipeline that matches."""
    return max((output / "pipeline").glob(pattern), key=lambda path: path.stat().st_mtime)


def pixels_of(records: str, resolution: int) -> npt.NDArray[np.uint8]:
    """Returns uint8[n, resolution, resolution, 3]: the views of Examples."""

    def pixels(record: tf.Tensor) -> npt.NDArray[np.uint8]:
        parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
        view = preprocess(parsed[features.IMAGE], lambda size: parsed[features.WINDOW], resolution)
        values: npt.NDArray[np.uint8] = view.pixels.numpy()
        return values

    return np.stack([pixels(record) for record in tf.data.TFRecordDataset([records])])


def main(arguments: list[str]) -> None:
    """Prints a line of JSON."""
    parser = flags.parser(__doc__ or "")
    flags.add_output(parser)
    output = parser.parse_args(arguments).output
    expected_json = newest(output, f"Trainer/model_run/*/{artifacts.EXPECTED_JSON}")
    run_dir = expected_json.parent
    expected: Expected = json.loads(expected_json.read_text("utf-8"))
    golden = np.log(np.array(expected["probabilities"]))
    model = keras.models.load_model(run_dir / artifacts.CHECKPOINT_KERAS)
    records = str(run_dir / artifacts.EXPECTED_RECORDS)
    pixels = pixels_of(records, model.input_shape[1])

    differences = {}
    for name, tf32 in (("tf32", True), ("float32", False)):
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
        found = np.log(model(pixels, training=False).numpy())
        differences[name] = float(np.abs(found - golden).max())
    servable = newest(output, "Trainer/model/*/Format-Serving/saved_model.pb").parent
    result = probe(str(servable), records, str(expected_json))
    report = {
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "log_probability_differences": differences,
        "rounding_of_kernels": expected["rounding"],
        "passed": all(check["passed"] for check in result["checks"]),
        "checks": result["checks"],
    }
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
