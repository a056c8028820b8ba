"""Exporter: a pushed model's network in the formats of other runtimes, each behind a gate."""

import json
import posixpath
from importlib.util import find_spec

from absl import logging
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.artifact_types import ModelExports, Rejects
from components.exporter import process, publishing
from components.exporter.settings import ExportSettings
from components.ingest_output import read_ingest, shards_of
from schemas import artifacts
from schemas.documents.exports import Exports, ExportSplit
from schemas.errors import ConfigError
from schemas.exports import EXPORTS_JSON, PACKAGES, runtime_of
from schemas.splits import EVAL, TRAIN
from system.files import remove
from system.storage import exists, open_file

_PUSHED_VERSION = "pushed_version"
"""Custom property of a PushedModel that the Pusher sets."""


@component
def Exporter(
    examples: InputArtifact[standard_artifacts.Examples],
    rejects: InputArtifact[Rejects],
    model: InputArtifact[standard_artifacts.Model],
    pushed_model: InputArtifact[standard_artifacts.PushedModel],
    exports: OutputArtifact[ModelExports],
    folder: Parameter[str],
    settings_json: Parameter[str],
    code: Parameter[str],
) -> None:
    """Exports the network of a pushed model and writes ``schemas.exports.EXPORTS_JSON``.

    A format that answers otherwise than the servable is no error: it is refused by name, and the
    others are kept. Of a model that was not pushed nothing is exported.

    Args:
      examples: rows to compare on, and to calibrate 8 bits on.
      rejects: PetExampleGen's counts.
      model: the Trainer's checkpoint and servable.
      pushed_model: the Pusher's output, which has the version.
      exports: gets the document; the formats are in ``folder``.
      folder: gets a folder for the version.
      settings_json: ``ExportSettings``.
      code: version of our code; used in the cache key alone.
    """
    del code
    settings = ExportSettings.from_json(settings_json)
    document: Exports = {
        "version": None,
        "folder": None,
        "rows": 0,
        "macro_f1": None,
        "macro_f1_interval": None,
        "exports": [],
    }
    if pushed_model.get_int_custom_property(artifacts.PUSHED):
        version = pushed_model.get_string_custom_property(_PUSHED_VERSION)
        target = posixpath.join(folder, version)
        servable = path_utils.serving_model_path(model.uri)
        made = publishing.working_folder(target)
        checkpoints = posixpath.join(model.uri, artifacts.MODEL_CHECKPOINT)
        locator = posixpath.join(checkpoints, artifacts.LOCATOR_KERAS)
        try:
            asked, results = process.make(
                {
                    "checkpoint": posixpath.join(checkpoints, artifacts.CHECKPOINT_KERAS),
                    "locator": locator if exists(locator) else "",
                    "servable": servable,
                    "formats": list(settings.names),
                    "eval": _split(examples, rejects.uri, EVAL),
                    "train": _split(examples, rejects.uri, TRAIN),
                    "rows": settings.rows,
                    "calibration_rows": settings.calibration_rows,
                    "folder": str(made),
                }
            )
            document = {"version": version, "folder": target, **asked, "exports": results}
            publishing.complete(made, servable, document)
            publishing.publish(made, target)
        finally:
            remove(made)
        refused = [result for result in results if not result["kept"]]
        for result in refused:
            logging.warning("Export %s is refused: %s", result["format"], result["reason"])
        for result in results:
            if (located := result.get("locator")) and not located["kept"]:
                logging.warning(
                    "Export %s takes photos as a whole, for its locator is refused: %s",
                    *(result["format"], located["reason"]),
                )
        logging.info(
            "Kept %d of %d exports in %s", len(results) - len(refused), len(results), target
        )
    with open_file(posixpath.join(exports.uri, EXPORTS_JSON), "w") as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))


def check_installed(settings: ExportSettings) -> None:
    """Raises ConfigError if a format's packages are not installed here."""
    for name in settings.names:
        missing = [one for one in PACKAGES[runtime_of(name)] if find_spec(one) is None]
        if missing:
            raise ConfigError(
                f"export.formats={name} needs the packages of the extra export. Received: no "
                f"{', '.join(missing)}. Install them with uv sync --extra export, or leave the "
                "format out"
            )


def _split(examples: standard_artifacts.Examples, rejects: str, split: str) -> ExportSplit:
    return {
        "shards": shards_of([examples], split),
        "total": read_ingest(rejects)["splits"][split]["used"],
    }
