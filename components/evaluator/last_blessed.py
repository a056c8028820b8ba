"""Finds the model that a new one must not fall behind: the last blessed one before it."""

from collections.abc import Callable
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.common import resolver

MODEL = "model"
BLESSING = "model_blessing"
CURRENT = "current"


class LastBlessedBefore(resolver.ResolverStrategy):
    """The latest blessed model other than the current one.

    TFX's LatestBlessedModelStrategy returns the current model itself once it is blessed: a
    second run of an unchanged pipeline would compare the model with itself, miss the cache
    and push the same model again under a new version.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the blessed model and its blessing, or empty lists where there is none.

        Args:
          store: MLMD; not needed.
          input_dict: all models and blessings of the pipeline, and the current model.
        """
        del store
        current = {model.id for model in input_dict[CURRENT]}
        found = newest_blessed(input_dict, lambda model: model.id not in current)
        return {**found, CURRENT: input_dict[CURRENT]}


def newest_blessed(
    input_dict: dict[str, list[types.Artifact]], allowed: Callable[[types.Artifact], bool]
) -> dict[str, list[types.Artifact]]:
    """Returns the blessed model with the highest id, of those allowed, and its blessing.

    Args:
      input_dict: all models and blessings, under ``MODEL`` and ``BLESSING``.
      allowed: asked of blessed models only, the newest first.

    Returns:
      Lists of one under the same keys, or empty ones.
    """
    blessings = {
        blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY): blessing
        for blessing in input_dict[BLESSING]
        if blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
        == constants.BLESSED_VALUE
    }
    blessed = [model for model in input_dict[MODEL] if model.id in blessings]
    blessed.sort(key=lambda model: model.id, reverse=True)
    found = next(filter(allowed, blessed), None)
    return {
        MODEL: [found] if found else [],
        BLESSING: [blessings[found.id]] if found else [],
    }
