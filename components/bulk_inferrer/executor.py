"""The BulkInferrer's executor: a model that may not be pushed predicts nothing here either."""

from typing import Any

from absl import logging
from tfx import types
from tfx.components.bulk_inferrer import executor as tfx_bulk_inferrer
from tfx.components.util import model_utils
from tfx.types import artifact_utils, standard_component_specs


class Executor(tfx_bulk_inferrer.Executor):
    """TFX's executor, which checks the Evaluator's blessing itself."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Predicts, or leaves the output empty where a blessing is missing."""
        blessing = artifact_utils.get_single_instance(
            input_dict[standard_component_specs.INFRA_BLESSING_KEY]
        )
        if not model_utils.is_infra_validated(blessing):
            logging.info("The servable of %s failed its check", blessing.uri)
            return
        super().Do(input_dict, output_dict, exec_properties)
