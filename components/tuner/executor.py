"""The Tuner's adapter to TFX: where the search remembers, and the table of its trials."""

import json
import os
from typing import Any

from tfx import types
from tfx.components.tuner import executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs

from schemas import artifacts

SEARCH = "search"
"""Beside the outputs' folders: TFX gives each execution new ones."""


class Executor(executor.Executor):
    """TFX's, with another working folder and one more file."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Searches and writes the best values and the table."""
        results = artifact_utils.get_single_uri(
            output_dict[standard_component_specs.TUNER_RESULTS_KEY]
        )
        memory = os.path.join(os.path.dirname(os.path.dirname(results)), SEARCH)
        tuner = executor.search(input_dict, exec_properties, memory)
        if not tuner.writes:  # Of several machines that search in step one writes.
            return
        executor.write_best_hyperparameters(tuner, output_dict)
        with fileio.open(os.path.join(results, artifacts.TRIALS_JSON), "w") as file:
            file.write(json.dumps(tuner.table(), ensure_ascii=False, indent=1))
