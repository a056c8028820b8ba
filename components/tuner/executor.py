"""The Tuner's executor: gives the search a lasting folder, and writes the table of its trials."""

import json
import os
from typing import Any

from tfx import types
from tfx.components.tuner import executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs

from components.working_folder import working_folder
from schemas import artifacts
from schemas.documents.tuning import Trials


class Executor(executor.Executor):
    """TFX's executor with another working folder and one more file."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the search, and writes the best values and the table."""
        results_uri = artifact_utils.get_single_uri(
            output_dict[standard_component_specs.TUNER_RESULTS_KEY]
        )
        search_folder = working_folder(
            results_uri, standard_component_specs.TUNER_RESULTS_KEY, artifacts.SEARCH
        )
        tuner = executor.search(input_dict, exec_properties, search_folder)
        if not tuner.writes:  # Where several machines search together, one of them writes.
            return
        executor.write_best_hyperparameters(tuner, output_dict)
        trials: Trials = tuner.table()
        with fileio.open(os.path.join(results_uri, artifacts.TRIALS_JSON), "w") as file:
            file.write(json.dumps(trials, ensure_ascii=False, indent=1))
