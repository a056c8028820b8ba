"""The Evaluator's executor: predict once, count, measure, decide, write."""

import json
import math
import posixpath
from typing import Any

from absl import logging
from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.evaluator import analysis, gate, measures, predicting
from components.evaluator.confusion_counts import ConfusionCounts
from components.evaluator.predictions_table import BASELINE, COMPARED, MODEL, Table
from components.evaluator.settings import EvaluateSettings
from schemas import artifacts
from system.storage import open_file

EXAMPLES = "examples"
REJECTS = "rejects"
CANDIDATE_MODEL = "model"
BASELINE_MODEL = "baseline_model"
EVALUATION = "evaluation"
BLESSING = "blessing"
PREDICTIONS = "predictions"
SETTINGS = "settings_json"
CODE = "code"
SPLIT = "eval"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Judges a servable on the eval split."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates and blesses or refuses to bless; a bad model is no error.

        Args:
          input_dict: "examples", "rejects" (for the numbers of rows), "model" and, where there
            is one, "baseline_model".
          output_dict: "evaluation", "blessing" and "predictions".
          exec_properties: ``SETTINGS``, ``EvaluateSettings`` as JSON.

        Raises:
          PredictionError: a servable does not answer every row of the eval split.
          RowError: the rows of the eval split are not those that the ingest counted.
        """
        settings = EvaluateSettings.from_json(exec_properties[SETTINGS])
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES])
        rejects = artifact_utils.get_single_instance(input_dict[REJECTS])
        model = artifact_utils.get_single_instance(input_dict[CANDIDATE_MODEL])
        evaluation = artifact_utils.get_single_instance(output_dict[EVALUATION])
        path = posixpath.join(
            artifact_utils.get_single_instance(output_dict[PREDICTIONS]).uri,
            artifacts.PREDICTIONS_PARQUET,
        )
        with open_file(posixpath.join(rejects.uri, artifacts.INGEST_JSON), "r") as file:
            label_counts = json.loads(file.read())["splits"][SPLIT]["moods"]
        shards = sorted(
            fileio.glob(posixpath.join(artifact_utils.get_split_uri([examples], SPLIT), "*"))
        )
        servables, notes = _servables(
            path_utils.serving_model_path(model.uri), input_dict.get(BASELINE_MODEL) or [], settings
        )
        predicting.write_predictions(
            shards, servables, label_counts, path, calibrated=settings.calibrate
        )

        counts = ConfusionCounts(Table(path))
        if counts.answered:  # TFMA cannot measure no rows.
            with self._make_beam_pipeline() as pipeline:
                analysis.analyse(pipeline, counts, evaluation.uri)
            analysis.check(evaluation.uri, counts)
        checks = list(gate.checks(counts, settings))
        blessed = all(check.passed for check in checks)
        metrics = measures.document(counts, settings)
        metrics["verdict"] = {
            "blessed": blessed,
            "notes": notes,
            "checks": [_as_json(check) for check in checks],
        }
        with open_file(posixpath.join(evaluation.uri, artifacts.METRICS_JSON), "w") as file:
            file.write(json.dumps(metrics, ensure_ascii=False, indent=1, allow_nan=False))
        _bless(artifact_utils.get_single_instance(output_dict[BLESSING]), model, blessed)
        logging.info("Evaluated %d rows: blessed %s, %s", counts.rows, blessed, checks)


def _servables(
    candidate: str, baselines: list[types.Artifact], settings: EvaluateSettings
) -> tuple[dict[str, predicting.Servable], list[str]]:
    """Returns who is asked, and what is to be said of who is not."""
    found = {MODEL: predicting.load_servable(candidate)}
    others = {BASELINE: path_utils.serving_model_path(baselines[0].uri)} if baselines else {}
    notes = [] if baselines else ["There is no blessed model yet to compare with."]
    if settings.compare_with:
        others[COMPARED] = settings.compare_with
    for name, path in others.items():
        title = {BASELINE: "The last blessed model", COMPARED: "evaluate.compare_with"}[name]
        if not fileio.exists(path):
            notes.append(f"{title} is not at {path}; nothing to compare with.")
            continue
        servable = predicting.load_servable(path)
        if servable.moods != found[MODEL].moods:
            moods = ", ".join(servable.moods)
            notes.append(f"{title} knows other moods and is not compared with: {moods}")
            continue
        found[name] = servable
        notes.append(f"{title} is {path}.")
    return found, notes


def _as_json(check: gate.Check) -> dict[str, Any]:
    told = check._asdict()
    return told | {"value": check.value if math.isfinite(check.value) else None}


def _bless(blessing: types.Artifact, model: types.Artifact, blessed: bool) -> None:
    """Writes what TFX's Pusher and model resolvers look for."""
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )
    name = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    with open_file(posixpath.join(blessing.uri, name), "w") as file:
        file.write("")
