"""The Evaluator's executor: predicts, counts, measures, decides and writes."""

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging
from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import serving_folder
from components.blessing_reasons import reasons_text
from components.evaluator import analysis, box_sources, gate, measures, predicting
from components.evaluator.confusion_counts import ConfusionCounts
from components.evaluator.predictions_table import BASELINE, COMPARED, MODEL, Table
from components.evaluator.settings import EvaluateSettings
from components.ingest_output import read_ingest, shards_of
from schemas import artifacts
from schemas.documents.evaluation import BoxScores, Measures, Metrics
from schemas.documents.gate import Verdict
from schemas.errors import DataRefusedError
from schemas.splits import EVAL
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

_TITLES = {BASELINE: "The last blessed model", COMPARED: "evaluate.compare_with"}


_NO_ROWS = (
    "There must be rows of the eval split to score the model on. Received: none, because the model "
    "began with one that was trained on their clips or animals, or because its temperature was "
    "fitted on them. Evaluate on other clips, or set model.warm_start=false or "
    "evaluate.calibrate=false"
)


class Executor(base_beam_executor.BaseBeamExecutor):
    """Evaluates a servable on the eval split, and blesses it or does not."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the predictions, the scores and the verdict; a bad model is no error.

        Args:
          input_dict: "examples", "rejects" (for the numbers of rows), "model" and, where there
            is one, "baseline_model".
          output_dict: "evaluation", "blessing" and "predictions".
          exec_properties: ``SETTINGS``, ``EvaluateSettings`` as JSON.

        Raises:
          PredictionError: a servable does not predict every row of the eval split.
          RowError: the rows of the eval split are not those that the ingest counted.
        """
        settings = EvaluateSettings.from_json(exec_properties[SETTINGS])
        model = artifact_utils.get_single_instance(input_dict[CANDIDATE_MODEL])
        rejects = artifact_utils.get_single_instance(input_dict[REJECTS])
        evaluation = artifact_utils.get_single_instance(output_dict[EVALUATION])
        predictions = artifact_utils.get_single_instance(output_dict[PREDICTIONS])
        blessing = artifact_utils.get_single_instance(output_dict[BLESSING])

        # Predict each row once, with the new model and those that it is compared with.
        servables, notes = _load_servables(
            path_utils.serving_model_path(model.uri), input_dict.get(BASELINE_MODEL) or [], settings
        )
        table_path = posixpath.join(predictions.uri, artifacts.PREDICTIONS_PARQUET)
        splits = read_ingest(rejects.uri)["splits"]
        scenes = box_sources.SceneSample()
        predicting.write_predictions(
            shards_of(input_dict[EXAMPLES], EVAL),
            servables,
            splits[EVAL]["moods"],
            table_path,
            scenes=scenes,
        )

        # Count and measure.
        fitted = servables[MODEL].fitted
        counts = ConfusionCounts(Table(table_path), fitted.unsure_below)
        if not counts.rows:
            raise DataRefusedError(_NO_ROWS)
        if counts.finite_rows:  # TFMA cannot evaluate an empty table.
            with self._make_beam_pipeline() as pipeline:
                analysis.analyse(pipeline, counts, evaluation.uri)
            analysis.check(evaluation.uri, counts)
        checks = list(gate.checks(counts, settings))
        new = servables[MODEL]
        boxes = box_sources.judge(scenes, new.predict.owner, len(new.mood_names))
        metrics = _with_verdict(measures.measure(counts, settings, fitted), boxes, checks, notes)

        # Write the scores and the blessing.
        with open_file(posixpath.join(evaluation.uri, artifacts.METRICS_JSON), "w") as file:
            file.write(json.dumps(metrics, ensure_ascii=False, indent=1, allow_nan=False))
        blessed = metrics["verdict"]["blessed"]
        _bless(blessing, model, blessed, checks)
        logging.info("Evaluated %d rows: blessed %s, %s", counts.rows, blessed, checks)


def _load_servables(
    model_path: str, baselines: Sequence[types.Artifact], settings: EvaluateSettings
) -> tuple[Mapping[str, predicting.Servable], list[str]]:
    """Returns the servables to evaluate, and a note for each earlier model, used or left out."""
    model = predicting.load_servable(model_path)
    servables = {MODEL: model}
    paths = {BASELINE: path_utils.serving_model_path(baselines[0].uri)} if baselines else {}
    notes = [] if baselines else ["There is no blessed model yet to compare with."]
    if settings.compare_with:
        paths[COMPARED] = settings.compare_with
    for name, path in paths.items():
        title = _TITLES[name]
        if not fileio.exists(path):
            notes.append(f"{title} is not at {path}; there is nothing to compare with.")
            continue
        if name == COMPARED:
            serving_folder.check_version(path)
        servable = predicting.load_servable(path)
        if servable.mood_names != model.mood_names:
            moods = ", ".join(servable.mood_names)
            notes.append(f"{title} has other moods, so it is not compared: {moods}")
            continue
        servables[name] = servable
        notes.append(f"{title} is {path}.")
        if servable.trained_on is None or not servable.trained_on.complete:
            notes.append(
                f"{title} does not say which clips it was trained on: on those of the eval split "
                "it looks too good."
            )
    if model.trained_on is not None and not model.trained_on.complete:
        notes.append(
            "The model began with one that does not say which clips it was trained on: on those "
            "of the eval split it looks too good."
        )
    return servables, notes


def _with_verdict(
    measured: Measures,
    boxes: dict[str, BoxScores] | None,
    checks: Sequence[gate.Check],
    notes: list[str],
) -> Metrics:
    verdict: Verdict = {
        "blessed": all(check.passed for check in checks),
        "notes": notes,
        "checks": [check.record() for check in checks],
    }
    return {**measured, "boxes": boxes, "verdict": verdict}


def _bless(
    blessing: types.Artifact, model: types.Artifact, blessed: bool, checks: Sequence[gate.Check]
) -> None:
    """Writes the properties and the file that TFX's Pusher and model resolvers read."""
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )
    blessing.set_string_custom_property(
        artifacts.REASONS,
        reasons_text([check.message for check in checks if not check.passed], len(checks)),
    )
    name = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    with open_file(posixpath.join(blessing.uri, name), "w") as file:
        file.write("")
