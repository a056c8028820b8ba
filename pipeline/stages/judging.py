"""Judge: the evaluation, and the check of the servable."""

from typing import Any, NamedTuple

from components.evaluator.component import Evaluator
from components.model_resolvers import last_blessed
from components.servable_check.component import ServableCheck
from pipeline import nodes
from pipeline.code_version import code_version
from pipeline.config import Settings
from pipeline.platforms.platform import Platform
from pipeline.stages.data import Data
from pipeline.stages.learning import Model


class Verdict(NamedTuple):
    """A judged model: its nodes in order, and what a node that uses it must be given."""

    nodes: list[Any]
    blessed_model: dict[str, Any]


def judge(platform: Platform, settings: Settings, data: Data, trained: Model) -> Verdict:
    """Adds the evaluation against the last blessed model, and the check of the servable."""
    # The model that the new one must not fall behind.
    last = platform.last_model(trained.model).with_id(nodes.LAST_BLESSED)

    # Scores on the eval split, and the blessing.
    evaluator = Evaluator(
        examples=data.examples,
        rejects=data.rejects,
        model=trained.model,
        baseline_model=last.outputs[last_blessed.MODEL],
        settings=settings.evaluate,
        code=code_version("components.evaluator.executor"),
    ).with_id(nodes.EVALUATOR)

    # Whether a clean process can serve it, with the same answers.
    servable_check = ServableCheck(
        model=trained.model,
        model_run=trained.model_run,
        code=code_version("components.servable_check.component", "components.servable_check.probe"),
    ).with_id(nodes.SERVABLE_CHECK)
    return Verdict(
        [last, evaluator, servable_check],
        {
            "model": trained.model,
            "model_blessing": evaluator.outputs["blessing"],
            "infra_blessing": servable_check.outputs["blessing"],
        },
    )
