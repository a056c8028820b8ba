"""An export as the value of --weight_path: found, compared with its manifest, and described.

Neither TensorFlow nor a runtime is loaded here.
"""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from client.backends.model import ModelInfo
from client.backends.weight_path import MAX_RESOLUTION, read_info
from dataset.boxes import MAX_OVERHANG
from schemas import exports, json_text, signatures
from schemas.documents.training import LocatorSpec
from schemas.errors import ConfigError
from schemas.limits import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from system import manifest

_FILES = tuple(exports.MODEL_FILES.values())
_LOCATORS = tuple(exports.LOCATOR_FILES.items())
_PACKAGES = {
    exports.MODEL_FILES[exports.ONNX]: "onnxruntime",
    exports.MODEL_FILES[exports.OPENVINO]: "openvino",
    exports.MODEL_FILES[exports.LITERT]: "ai_edge_litert",
}

_MAX_MARGIN = 1.0
"""That of the setting data.box_margin."""


class Parameters(NamedTuple):
    """How an export takes boxes and photos, and when it does not know.

    Attributes:
      box_margin, box_overhang, max_image_pixels, max_image_bytes, unsure_below, locator: see
        ``schemas.documents.training.Preprocessing``; ``unsure_below`` is None in exports of a
        servable without a threshold, and ``locator`` where photos are taken as a whole.
    """

    box_margin: float
    box_overhang: float
    max_image_pixels: int
    max_image_bytes: int
    unsure_below: float | None
    locator: LocatorSpec | None


def export_at(path: Path) -> Path | None:
    """Returns the model file of the export at a path, its folder or that file; None for others."""
    candidates = [path / name for name in _FILES] if path.is_dir() else [path]
    return next((one for one in candidates if one.name in _FILES and one.is_file()), None)


def read_export_info(file: Path) -> ModelInfo:
    """Returns the facts beside an export.

    Raises:
      ConfigError: they are missing or invalid, or the runtime is not installed.
    """
    if find_spec(package := _PACKAGES[file.name]) is None:
        raise ConfigError(
            f"{file.name} needs the package {package}, which is not installed. Install the extra "
            "export (uv sync --extra export), or name a pushed version"
        )
    return read_info(file.parent, str(file))


def read_parameters(file: Path) -> Parameters:
    """Returns the parameters beside an export.

    Raises:
      ConfigError: they are missing or out of range.
    """
    path = file.parent / signatures.SPEC_ASSET
    try:
        document = json_text.parsed(json_text.read(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Export again") from error
    match document:
        case {
            "box_margin": int() | float() as margin,
            "box_overhang": int() | float() as overhang,
            "max_image_pixels": int(pixels),
            "max_image_bytes": int(size),
        } if (
            0 <= margin <= _MAX_MARGIN
            and 0 <= overhang <= MAX_OVERHANG
            and 0 < pixels <= MAX_IMAGE_PIXELS
            and 0 < size <= MAX_IMAGE_BYTES
        ):
            match document:
                # Above 1 no answer is sure.
                case {"unsure_below": int() | float() as threshold} if 0 <= threshold < math.inf:
                    unsure_below: float | None = float(threshold)
                case {"unsure_below": other}:
                    raise ConfigError(
                        f"{path}: unsure_below must be a number of 0 or more. Received: {other!r}. "
                        "Export again"
                    )
                case _:
                    unsure_below = None
            return Parameters(
                *(float(margin), float(overhang), pixels, size, unsure_below),
                _locator(file, document),
            )
    raise ConfigError(
        f"{path} must have box_margin, box_overhang, max_image_pixels and max_image_bytes, as the "
        "Exporter writes them. Take the export from a copy, or export again"
    )


def locator_file(file: Path) -> Path:
    """Returns where the locator of an export would be."""
    return file.with_name(
        {exports.MODEL_FILES[name]: other for name, other in _LOCATORS}[file.name]
    )


def _locator(file: Path, document: object) -> LocatorSpec | None:
    """Returns the locator's parameters; None without one, and in exports of before it was there."""
    match document:
        case {
            "locator": {"resolution": int(resolution), "min_score": int() | float() as score}
        } if 0 < resolution <= MAX_RESOLUTION and locator_file(file).is_file():
            return {"resolution": resolution, "min_score": float(score)}
    return None


def check_contents(file: Path) -> str:
    """Compares an export's files with its manifest, before a runtime loads anything of them.

    Returns:
      A sentence for the user about an export that has no manifest; "" for one that has.

    Raises:
      ConfigError: a file has changed, is missing or is not listed; the message names it.
    """
    if manifest.check(file.parent) is not None:
        return ""
    return f"{file.parent} has no {manifest.FILE}, and nothing vouches for its contents"
