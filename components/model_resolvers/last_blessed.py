"""Finds earlier blessed models: the baseline of an evaluation, and the model of a warm start."""

from collections.abc import Callable
from typing import Any

from tfx import types
from tfx.dsl.components.common import resolver

from components.model_resolvers.blessed_models import inputs_of, newest_blessed

MODEL = "model"
BLESSING = "model_blessing"
CURRENT = "current"
EXAMPLES = "examples"


class LastBlessedBefore(resolver.ResolverStrategy):
    """The latest blessed model other than the current one.

    TFX's LatestBlessedModelStrategy returns the current model itself once it is blessed. With it, a
    second run of an unchanged pipeline would compare the model with itself, miss the cache and push
    the same model again under a new version.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the blessed model and its blessing, or empty lists where there is none.

        Args:
          store: ML Metadata's store; not used.
          input_dict: all models and blessings of the pipeline, and the current model.
        """
        del store
        current = {model.id for model in input_dict[CURRENT]}
        newest = _newest_blessed(input_dict, lambda model: model not in current)
        return {**newest, CURRENT: input_dict[CURRENT]}


class LastBlessedOfOtherExamples(resolver.ResolverStrategy):
    """The latest blessed model that was not trained on the current Examples.

    If it could be one that was, the second run of an unchanged pipeline would start with the model
    of the first. The Trainer would have another input, miss the cache and train again, and so it
    would in every later run.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the model and its blessing, or empty lists where there is none.

        Args:
          store: ML Metadata's store, which knows the inputs that each model was made from.
          input_dict: all models and blessings of the pipeline, and the current Examples.
        """
        current = {examples.id for examples in input_dict[EXAMPLES]}
        newest = _newest_blessed(input_dict, lambda model: not current & inputs_of(store, model))
        return {**newest, EXAMPLES: input_dict[EXAMPLES]}


def _newest_blessed(
    input_dict: dict[str, list[types.Artifact]], allowed: Callable[[int], bool]
) -> dict[str, list[types.Artifact]]:
    """Returns the blessed and allowed model with the highest id, and its blessing.

    Args:
      input_dict: all models and blessings, under ``MODEL`` and ``BLESSING``.
      allowed: see ``blessed_models.newest_blessed``.

    Returns:
      Lists of one under the same keys, or empty ones.
    """
    found = newest_blessed(
        [model.mlmd_artifact for model in input_dict[MODEL]],
        [blessing.mlmd_artifact for blessing in input_dict[BLESSING]],
        allowed,
    )
    if found is None:
        return {MODEL: [], BLESSING: []}
    return {
        MODEL: [model for model in input_dict[MODEL] if model.id == found.model],
        BLESSING: [one for one in input_dict[BLESSING] if one.id == found.blessing],
    }
