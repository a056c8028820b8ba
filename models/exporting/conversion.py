"""A trained network in the formats of other runtimes.

Any Keras network with one input of pixels can be given. What is converted is its graph with the
batch normalisations folded in and the weights as constants, as in the servable. ONNX is made by
tf2onnx, OpenVINO's form of that ONNX, and LiteRT's by TensorFlow's converter.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from models.network.folding import fold_batch_norms
from schemas import exports

Pixels = npt.NDArray[np.uint8]

OPSET = 17
"""Of ONNX: the newest that tf2onnx and every onnxruntime of both TensorFlow lines know."""


def frozen(network: keras.Model) -> Any:
    """Returns a concrete function from uint8[n, height, width, 3] to the outputs of a network.

    Args:
      network: with one input [n, height, width, 3] of fixed sides, in 0..255. It is not changed.
    """
    folded = fold_batch_norms(network)
    _, height, width, channels = network.input_shape
    spec = tf.TensorSpec([None, height, width, channels], tf.uint8, name=exports.PIXELS)
    function = tf.function(lambda pixels: folded(pixels, training=False), autograph=False)
    # The constants of a Keras Normalization are captured tensors, which converters take for inputs.
    return convert_variables_to_constants_v2(function.get_concrete_function(spec))


class Converter:
    """Writes a network in any format; ONNX, from which others are made, is made once."""

    def __init__(
        self,
        network: keras.Model,
        calibration: Pixels,
        output: str = exports.PROBABILITIES,
        files: Mapping[str, str] = exports.MODEL_FILES,
    ) -> None:
        """Takes a network and training pictures.

        Args:
          network: see ``frozen``.
          calibration: uint8[n, height, width, 3]; used for formats of 8 bits alone.
          output: name of the network's output.
          files: names of the files that are written, by runtime.
        """
        self._output, self._files = output, files
        self._function = frozen(network)
        self._calibration = calibration

    def write(self, name: str, folder: Path) -> Path:
        """Writes one of ``exports.FORMATS`` into a folder; returns the file that a runtime opens.

        Raises:
          Exception: whatever a converter raises.
        """
        runtime, precision = exports.runtime_of(name), exports.precision_of(name)
        path = folder / self._files[runtime]
        if runtime == exports.LITERT:
            path.write_bytes(_litert(self._function, precision, self._calibration))
        elif runtime == exports.OPENVINO:
            _write_openvino(self._onnx, path, compressed=precision == exports.FLOAT16)
        elif precision == exports.INT8:
            _write_onnx_int8(self._onnx, path, self._calibration)
        elif precision == exports.FLOAT16:
            path.write_bytes(_half(self._onnx))
        else:
            path.write_bytes(self._onnx)
        return path

    @cached_property
    def _onnx(self) -> bytes:
        """The network as a serialized ONNX ModelProto in float32."""
        from tf2onnx.convert import from_graph_def

        (pixels,), (output,) = self._function.inputs, self._function.outputs
        model, _ = from_graph_def(
            self._function.graph.as_graph_def(),
            input_names=[pixels.name],
            output_names=[output.name],
            opset=OPSET,
            tensors_to_rename={pixels.name: exports.PIXELS, output.name: self._output},
        )
        content: bytes = model.SerializeToString()
        return content


def _half(model: bytes) -> bytes:
    """Returns an ONNX model with weights and activations of 16 bits; inputs and outputs stay."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    half = convert_float_to_float16(onnx.load_model_from_string(model), keep_io_types=True)
    content: bytes = half.SerializeToString()
    return content


def _write_onnx_int8(model: bytes, path: Path, calibration: Pixels) -> None:
    """Writes 8-bit weights and activations with ranges from calibration, as ONNX Runtime advises.

    Weights have a scale for each channel
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
    """
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = _fed(calibration)

        def get_next(self) -> Mapping[str, Pixels] | None:
            return next(self._batches, None)

    plain, prepared = path.with_suffix(".float.onnx"), path.with_suffix(".prepared.onnx")
    try:
        plain.write_bytes(model)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(str(prepared), str(path), Reader(), per_channel=True)
    finally:
        plain.unlink(missing_ok=True)
        prepared.unlink(missing_ok=True)


def _fed(calibration: Pixels) -> Iterator[Mapping[str, Pixels]]:
    return ({exports.PIXELS: calibration[i : i + 1]} for i in range(len(calibration)))


def _write_openvino(model: bytes, path: Path, *, compressed: bool) -> None:
    import openvino

    plain = path.with_suffix(".onnx")
    try:
        plain.write_bytes(model)
        openvino.save_model(openvino.convert_model(plain), path, compress_to_fp16=compressed)
    finally:
        plain.unlink(missing_ok=True)


def _litert(function: Any, precision: str, calibration: Pixels) -> bytes:
    # With the network itself as a second argument, TensorFlow 2.16's converter ends the process.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    if precision:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == exports.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if precision == exports.INT8:
        converter.representative_dataset = lambda: (
            [calibration[i : i + 1]] for i in range(len(calibration))
        )
    model: bytes = converter.convert()
    return model
