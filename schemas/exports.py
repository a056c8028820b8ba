"""Formats of the exported network, and the names of their files and tensors.

An export is a folder that stands alone: the network in one format, and beside it the label map and
the parameters of the preprocessing (``signatures.LABELS_ASSET``, ``SPEC_ASSET``).
"""

import posixpath
from pathlib import Path
from typing import Final

from schemas.documents.exports import Export, LocatorExport

ONNX, OPENVINO, LITERT = "onnx", "openvino", "litert"
"""Runtimes; also the names of their formats in float32."""
FLOAT16, INT8 = "fp16", "int8"
"""Endings of formats that are not float32."""
FORMATS: Final = (
    ONNX,
    "onnx_fp16",
    "onnx_int8",
    OPENVINO,
    "openvino_fp16",
    LITERT,
    "litert_fp16",
    "litert_int8",
)
"""All formats; each is the name of its folder too."""

MODEL_FILES: Final = {ONNX: "model.onnx", OPENVINO: "model.xml", LITERT: "model.tflite"}
"""The file that a runtime opens; OpenVINO keeps the weights in ``model.bin`` beside it."""
LOCATOR_FILES: Final = {ONNX: "locator.onnx", OPENVINO: "locator.xml", LITERT: "locator.tflite"}
"""The same of the locator, where the model has one and the gate lets it pass."""
EXPORTS_JSON: Final = "exports.json"
"""``documents.exports.Exports``, beside the formats' folders."""
ASKED_JSON: Final = "asked.json"
"""``documents.exports.Asked``, while the formats are made."""
OLD: Final = ".old"
"""Ending of a version's earlier exports, while new ones take their place."""

PIXELS: Final = "pixels"
"""Input uint8[n, resolution, resolution, 3]: RGB, 0..255, as docs/preprocessing.md makes them."""
PROBABILITIES: Final = "probabilities"
"""Output float32[n, k]; each row sums to 1."""

PLACES: Final = "places"
"""Output of the locator, float32[n, g, g, 5], as docs/preprocessing.md reads it."""

PACKAGES: Final = {
    ONNX: ("tf2onnx", "onnx", "onnxruntime"),
    OPENVINO: ("tf2onnx", "onnx", "openvino"),
    LITERT: ("ai_edge_litert",),
}
"""What making and asking a runtime's formats imports, beside TensorFlow; the extra ``export``."""


def runtime_of(name: str) -> str:
    """Returns the runtime of a format."""
    return name.partition("_")[0]


def precision_of(name: str) -> str:
    """Returns ``FLOAT16``, ``INT8``, or "" for a format in float32."""
    return name.partition("_")[2]


def folder_beside(serving: str) -> str:
    """Returns the folder of a model's exports, beside the folder of its serving folder.

    Example:
      >>> folder_beside("build/run/serving/pet_mood")
      'build/run/exports/pet_mood'
    """
    parent, name = posixpath.split(serving.rstrip("/"))
    return posixpath.join(posixpath.dirname(parent), "exports", name)


def result_file(folder: Path, name: str) -> Path:
    """Returns the file of one format's result, while the formats are made."""
    return folder / f"{name}.json"


def network_file(folder: Path, name: str) -> Path:
    """Returns the file of the network's result alone, while its locator is being made."""
    return folder / f"{name}.network.json"


def refused_locator(reason: str) -> LocatorExport:
    """Returns the result of a locator that could not be converted or asked."""
    return {
        "kept": False,
        "reason": reason,
        "max_difference": None,
        "same_finds": None,
        "same_empty": None,
        "bytes": None,
        "milliseconds": None,
    }


def remove_locator(folder: Path) -> None:
    """Removes what there is of a locator, whole or in part, from the folder of a format."""
    for file in folder.glob(Path(LOCATOR_FILES[ONNX]).stem + ".*"):
        file.unlink()


def refused(name: str, reason: str) -> Export:
    """Returns the result of a format that could not be made or asked."""
    return {
        "format": name,
        "kept": False,
        "reason": reason,
        "max_difference": None,
        "same_mood": None,
        "macro_f1": None,
        "bytes": None,
        "milliseconds": None,
        "locator": None,
    }
