"""Which results stay. Everything here is computed from ML Metadata; no file is touched.

What stays or goes is all that one execution has made: if a part of it were gone, TFX's cache would
not reuse the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from components.model_resolvers.blessed_models import newest_blessed
from runner.prune.lineage import Lineage, is_live
from schemas import artifacts


def kept_makers(lineage: Lineage, results: int, inputs_of: Callable[[int], set[int]]) -> set[int]:
    """Returns the ids of the executions whose outputs stay.

    These are, for each node, the makers of its ``results`` newest results, where a result counts
    by its latest use and once; the makers of what these uses have read; and the makers of the
    models, and of their blessings, that a resolver would find for the next run.

    Args:
      lineage: of the pipeline.
      results: number of each node's results, at least 1.
      inputs_of: returns the ids of the artifacts that a model was made from.
    """
    kept = set()
    makers = lineage.makers
    for executions in lineage.node_executions.values():
        for use in _newest_uses(lineage, executions, results):
            touched = lineage.outputs.get(use, set()) | lineage.reads.get(use, set())
            kept |= {makers[artifact] for artifact in touched if artifact in makers}
    return kept | {makers[one] for one in _blessed(lineage, kept, inputs_of) if one in makers}


def _newest_uses(lineage: Lineage, executions: list[int], results: int) -> Iterator[int]:
    """Yields a node's latest use of each of its newest results.

    A result of which something is gone does not count, for a run could not use it. An execution
    without outputs, such as a resolver's, is a result of its own.
    """
    seen: list[frozenset[int]] = []
    for execution in executions:
        outputs = frozenset(lineage.outputs.get(execution, ()))
        if outputs in seen and outputs:
            continue
        if not all(is_live(lineage.artifacts[artifact]) for artifact in outputs):
            continue
        seen.append(outputs)
        yield execution
        if len(seen) == results:
            return


def _blessed(
    lineage: Lineage, kept: set[int], inputs_of: Callable[[int], set[int]]
) -> Iterator[int]:
    """Yields what the resolvers of ``components.model_resolvers.last_blessed`` would find.

    The current model and the current Examples of the next run may be new ones, or any that stay.
    """
    models = lineage.live(artifacts.MODEL_TYPE)
    blessings = lineage.live(artifacts.MODEL_BLESSING_TYPE)
    rules: list[Callable[[int], bool]] = [lambda model: True]
    rules += [_other_than(one) for one in _ids_of(lineage, models, kept)]
    examples = lineage.live(artifacts.EXAMPLES_TYPE)
    rules += [_not_made_from(one, inputs_of) for one in _ids_of(lineage, examples, kept)]
    for allowed in rules:
        found = newest_blessed(models, blessings, allowed)
        if found is not None:
            yield from found


def _ids_of(lineage: Lineage, found: Iterable[Any], kept: set[int]) -> Iterator[int]:
    makers = lineage.makers
    return (artifact.id for artifact in found if makers.get(artifact.id) in kept)


def _other_than(current: int) -> Callable[[int], bool]:
    return lambda model: model != current


def _not_made_from(examples: int, inputs_of: Callable[[int], set[int]]) -> Callable[[int], bool]:
    return lambda model: examples not in inputs_of(model)
