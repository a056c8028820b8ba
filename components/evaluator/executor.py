"""The Evaluator's executor: predict once, measure with TFMA, decide, write."""

import json
import posixpath
from typing import Any

import numpy as np
from absl import logging
from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.evaluator import analysis, gate, predict, scores
from components.limits import BlessingLimits
from components.storage import open_file
from schemas import artifacts

EXAMPLES = "examples"
REJECTS = "rejects"
MODEL = "model"
BASELINE_MODEL = "baseline_model"
EVALUATION = "evaluation"
BLESSING = "blessing"
PREDICTIONS = "predictions"
LIMITS = "limits_json"
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
          input_dict: "examples", "rejects" (for the number of rows), "model" and, where there
            is one, "baseline_model".
          output_dict: "evaluation", "blessing" and "predictions".
          exec_properties: ``LIMITS``, ``BlessingLimits`` as JSON.

        Raises:
          PredictionError: the servable does not answer every row of the eval split.
        """
        limits = BlessingLimits(**json.loads(exec_properties[LIMITS]))
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES])
        rejects = artifact_utils.get_single_instance(input_dict[REJECTS])
        model = artifact_utils.get_single_instance(input_dict[MODEL])
        evaluation = artifact_utils.get_single_instance(output_dict[EVALUATION])
        table = posixpath.join(
            artifact_utils.get_single_instance(output_dict[PREDICTIONS]).uri,
            artifacts.PREDICTIONS_PARQUET,
        )
        with open_file(posixpath.join(rejects.uri, artifacts.INGEST_JSON), "r") as file:
            rows = json.loads(file.read())["splits"][SPLIT]["used"]
        shards = sorted(
            fileio.glob(posixpath.join(artifact_utils.get_split_uri([examples], SPLIT), "*"))
        )
        candidate = predict.load_servable(path_utils.serving_model_path(model.uri))
        baseline, note = _baseline(input_dict.get(BASELINE_MODEL) or [], candidate.moods)
        facts = predict.write_predictions(shards, candidate, baseline, table, rows)

        classes = len(candidate.moods)
        config = analysis.eval_config(classes, baseline is not None, facts.has_species)
        with self._make_beam_pipeline() as pipeline:
            analysis.analyse(pipeline, table, config, evaluation.uri)
        confusions = analysis.confusions(evaluation.uri, classes)
        whole = confusions[analysis.CANDIDATE][()]
        other = confusions[analysis.BASELINE][()] if baseline else None
        checks = [gate.all_finite(facts.not_finite), *gate.checks(whole, other, limits)]
        blessed = all(check.passed for check in checks)
        _write_metrics(
            posixpath.join(evaluation.uri, artifacts.METRICS_JSON),
            candidate.moods,
            confusions,
            checks,
            blessed,
            note,
        )
        _bless(artifact_utils.get_single_instance(output_dict[BLESSING]), model, blessed)
        logging.info("Evaluated %d rows: blessed %s, %s", rows, blessed, checks)


def _baseline(
    models: list[types.Artifact], moods: tuple[str, ...]
) -> tuple[predict.Servable | None, str]:
    """Returns the last blessed model, or why it is not compared with."""
    if not models:
        return None, "There is no blessed model yet to compare with."
    path = path_utils.serving_model_path(models[0].uri)
    if not fileio.exists(path):
        return None, f"The last blessed model is gone from {path}; nothing to compare with."
    baseline = predict.load_servable(path)
    if baseline.moods != moods:
        return None, (
            "The last blessed model knows other moods and is not compared with: "
            + ", ".join(baseline.moods)
        )
    return baseline, f"Compared with the last blessed model, {path}."


def _write_metrics(
    path: str,
    moods: tuple[str, ...],
    confusions: dict[str, dict[analysis.Slice, scores.Matrix]],
    checks: list[gate.Check],
    blessed: bool,
    note: str,
) -> None:
    whole = confusions[analysis.CANDIDATE][()]
    majority = scores.majority_confusion(whole)
    baseline = confusions.get(analysis.BASELINE)
    metrics = {
        "rows": int(whole.sum()),
        "moods": list(moods),
        "model": scores.headline(whole),
        "majority": {
            "mood": moods[int(np.argmax(majority.sum(axis=0)))],
            **scores.headline(majority),
        },
        "baseline": scores.headline(baseline[()]) if baseline else None,
        "per_mood": scores.per_mood(whole, moods),
        "confusion": whole.astype(int).tolist(),
        "slices": {
            ",".join(f"{column}={value}" for column, value in key): {
                "rows": int(matrix.sum()),
                **scores.headline(matrix),
            }
            for key, matrix in sorted(confusions[analysis.CANDIDATE].items())
            if key
        },
        "verdict": {
            "blessed": blessed,
            "note": note,
            "checks": [check._asdict() for check in checks],
        },
    }
    with open_file(path, "w") as file:
        file.write(json.dumps(metrics, ensure_ascii=False, indent=1))


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
