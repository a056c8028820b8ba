"""The value of --weight_path: a pushed version, a folder of versions, or a checkpoint.

This module only looks at files, reads JSON and compares a version with its manifest. It does not
load a model.
"""

from pathlib import Path
from typing import NamedTuple

from client.backends.model import ModelInfo
from schemas import json_text, signatures
from schemas.documents.training import DRAWINGS, PHOTOS, TrainedOnKind
from schemas.errors import ConfigError
from schemas.labels import LabelMapError, read_moods
from system import manifest
from system.files import size_and_time
from system.pushed_versions import check_version, version_number

CHECKPOINT_ENDINGS = (".keras", ".h5", ".hdf5")
MAX_RESOLUTION = 4096
"""Largest input of a model, pixels: more is a damaged or altered file, whose first prediction
would take gigabytes."""

_GRAPH = "saved_model.pb"
_ACCEPTED = (
    "It must be a pushed version (a folder such as build/run/serving/pet_mood/1763900000), the "
    "folder of versions above it, an export (a folder such as "
    "build/run/exports/pet_mood/1763900000/onnx), or a checkpoint (best.keras, or Keras weights "
    ".h5)"
)


class WeightPath(NamedTuple):
    """A model that was found on the disk.

    Attributes:
      path: a SavedModel's folder or a checkpoint's file.
      is_version: True for a SavedModel's folder.
      note: a sentence for the user about the version that was taken from a folder of versions;
        "" for any other path.
    """

    path: Path
    is_version: bool
    note: str = ""


def locate_weights(path: Path) -> WeightPath:
    """Returns the model at ``path``; in a folder of versions, the one with the highest number.

    Raises:
      ConfigError: there is no model.
    """
    if path.is_dir():
        if (path / _GRAPH).is_file():
            return WeightPath(path, is_version=True)
        return _highest_version(path)
    if not path.exists():
        raise ConfigError(f"--weight_path {path} does not exist. {_ACCEPTED}")
    if path.suffix not in CHECKPOINT_ENDINGS:
        raise ConfigError(
            f"--weight_path {path} ends in none of {' '.join(CHECKPOINT_ENDINGS)}. {_ACCEPTED}"
        )
    return WeightPath(path, is_version=False)


def _highest_version(folder: Path) -> WeightPath:
    versions = [
        path
        for path in folder.iterdir()
        if version_number(path.name) is not None and (path / _GRAPH).is_file()
    ]
    if not versions:
        raise ConfigError(
            f"--weight_path {folder} holds neither {_GRAPH} nor numbered versions. {_ACCEPTED}"
        )
    highest = max(versions, key=lambda path: int(path.name))
    count = f"the highest of {len(versions)}" if len(versions) > 1 else "the only one"
    return WeightPath(
        highest, is_version=True, note=f"version {highest.name} of {folder} ({count})"
    )


def check_contents(version: Path) -> str:
    """Compares a version's files with its manifest, before TensorFlow loads anything from them.

    Returns:
      A sentence for the user about a version that has no manifest; "" for one that has.

    Raises:
      ConfigError: a file has changed, is missing or is not listed; the message names it.
    """
    if check_version(version) is not None:
        return ""
    return (
        f"{version} has no {manifest.FILE}: an earlier state of this project pushed it, or another "
        "program made it, and nothing vouches for its contents"
    )


def weights_state(weights: WeightPath) -> str:
    """Returns size and modification time of the checkpoint, or of the version's graph."""
    return size_and_time(weights.path / _GRAPH if weights.is_version else weights.path)


def read_model_info(version: Path) -> ModelInfo:
    """Returns the facts that the export wrote into the version's folder.

    Raises:
      ConfigError: they are missing or invalid.
    """
    return read_info(version / signatures.EXTRAS_FOLDER, str(version))


def read_info(folder: Path, source: str) -> ModelInfo:
    """Returns the facts in a folder of a version or an export; ``source`` names that one.

    Raises:
      ConfigError: they are missing or invalid.
    """
    try:
        mood_names = read_moods(folder / signatures.LABELS_ASSET)
        document = json_text.parsed(json_text.read(folder / signatures.SPEC_ASSET))
        match document:
            case {"resolution": int(resolution)} if 0 < resolution <= MAX_RESOLUTION:
                return ModelInfo(source, mood_names, resolution, trained_on(document))
        raise ValueError(f"{signatures.SPEC_ASSET} has no resolution up to {MAX_RESOLUTION}")
    except (LabelMapError, OSError, ValueError) as error:
        raise ConfigError(
            f"{source} is nothing that this project has pushed or exported: {folder} "
            f"must hold {signatures.LABELS_ASSET} and {signatures.SPEC_ASSET}. {error}"
        ) from error


def trained_on(document: object) -> TrainedOnKind:
    """Returns what a ``signatures.SPEC_ASSET`` says of the training's pictures; "" of before."""
    found = document.get("trained_on") if isinstance(document, dict) else None
    return found if found in (DRAWINGS, PHOTOS) else ""
