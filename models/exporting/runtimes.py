"""Runtimes that compute an exported network. TensorFlow is not imported here.

Each computes in float32 where the format allows it: OpenVINO would take bfloat16 by itself on a CPU
that has it, and answer otherwise.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from schemas import exports

_TIMED = 15
"""Single pictures whose median time is told."""

Floats = npt.NDArray[np.float32]
Predict = Callable[[npt.NDArray[np.uint8]], Floats]
"""From uint8[n, height, width, 3] to the network's output, float32[n, k]; n is at least 1."""


def opened(path: Path, threads: int = 0) -> Predict:
    """Returns the function of an exported network.

    Args:
      path: a file of ``exports.MODEL_FILES`` or ``LOCATOR_FILES``; its ending says the runtime.
      threads: that it computes with; 0 is one for each core.

    Raises:
      ImportError: the runtime's package is not installed.
      Exception: whatever a runtime raises for a file that it cannot use.
    """
    runtimes = {exports.ONNX: _onnx, exports.OPENVINO: _openvino, exports.LITERT: _litert}
    by_ending = {
        Path(exports.MODEL_FILES[name]).suffix: runtime for name, runtime in runtimes.items()
    }
    return by_ending[path.suffix](path, threads)


def milliseconds(predict: Predict, pixels: npt.NDArray[np.uint8]) -> float:
    """Returns the median time of single pictures of uint8[n, height, width, 3], n at least 1."""
    seconds = []
    for turn in range(_TIMED + 1):
        start = time.perf_counter()
        predict(pixels[turn % len(pixels)][np.newaxis])
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])  # The first one plans.


def _onnx(path: Path, threads: int) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # Errors.
    # Threads that wait would burn the cores that decode the next photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,), (wanted,) = session.get_inputs(), session.get_outputs()

    def predict(pixels: npt.NDArray[np.uint8]) -> Floats:
        outputs: list[Floats] = session.run([wanted.name], {given.name: pixels})
        return outputs[0]

    return predict


def _openvino(path: Path, threads: int) -> Predict:
    import openvino

    config: dict[str, object] = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    if threads:
        config["INFERENCE_NUM_THREADS"] = threads
    compiled = openvino.Core().compile_model(str(path), "CPU", config)

    def predict(pixels: npt.NDArray[np.uint8]) -> Floats:
        # A copy: the next call overwrites the runtime's own.
        return np.array(compiled(pixels)[0], np.float32)

    return predict


def _litert(path: Path, threads: int) -> Predict:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads or None)
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    resized = 0

    def predict(pixels: npt.NDArray[np.uint8]) -> Floats:
        nonlocal resized
        if len(pixels) != resized:
            interpreter.resize_tensor_input(given["index"], pixels.shape)
            interpreter.allocate_tensors()
            resized = len(pixels)
        interpreter.set_tensor(given["index"], pixels)
        interpreter.invoke()
        outputs: Floats = interpreter.get_tensor(wanted["index"])
        return outputs

    return predict
