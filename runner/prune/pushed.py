"""Which versions runs have pushed, and which of them stay whatever their age."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipeline.config import Settings
from pipeline.run_inputs import RunInputs
from runner.prune import lineage as lineages
from runner.prune.lineage import Lineage
from schemas import artifacts
from system.pushed_versions import read_history, version_number


class Pushed(NamedTuple):
    """Versions of a serving folder.

    Attributes:
      numbers: that runs have pushed; all other folders are not ours to remove.
      needed: of these, the ones that a result which stays has pushed, or a setting names.
    """

    numbers: frozenset[int]
    needed: frozenset[int]


def pushed_by_runs(
    lineage: Lineage, inputs: RunInputs, settings: Settings, going: set[int]
) -> Pushed:
    """Returns the versions; ``going`` are the ids of the artifacts that go.

    Raises:
      ConfigError: the serving folder's history cannot be read.
    """
    numbers, needed = [], [Path(settings.evaluate.compare_with)]
    for artifact in lineage.artifacts.values():
        values = dict(artifact.custom_properties)
        if (
            artifact.type != artifacts.PUSHED_MODEL_TYPE
            or artifacts.PUSHED_DESTINATION not in values
        ):
            continue
        path = Path(values[artifacts.PUSHED_DESTINATION].string_value)
        numbers.append(version_number(path.name))
        if lineages.is_live(artifact) and artifact.id not in going:
            needed.append(path)
    numbers += [entry["version"] for entry in read_history(inputs.serving.resolve())]
    serving = inputs.serving.resolve()
    return Pushed(
        _numbers(numbers),
        _numbers(version_number(path.name) for path in needed if path.parent.resolve() == serving),
    )


def _numbers(found: Iterable[int | None]) -> frozenset[int]:
    return frozenset(number for number in found if number is not None)
