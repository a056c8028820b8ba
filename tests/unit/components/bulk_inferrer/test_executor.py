"""BulkInferrer calls no model without both blessings."""

from pathlib import Path

import pytest
from tfx.types import Artifact, standard_artifacts

from components.bulk_inferrer.executor import Executor

pytestmark = pytest.mark.slow


def infer(folder: Path, blessed: bool, servable: bool) -> None:
    """Runs the executor on Examples that do not exist."""

    def at(kind: type[Artifact], name: str) -> Artifact:
        artifact = kind()
        artifact.uri = str(folder / name)
        return artifact

    examples = at(standard_artifacts.Examples, "examples")
    examples.split_names = '["predict"]'
    evaluated = at(standard_artifacts.ModelBlessing, "evaluated")
    evaluated.set_int_custom_property("blessed", int(blessed))
    checked = at(standard_artifacts.InfraBlessing, "checked")
    checked.set_int_custom_property("blessed", int(servable))
    inputs = {
        "examples": [examples],
        "model": [at(standard_artifacts.Model, "model")],
        "model_blessing": [evaluated],
        "infra_blessing": [checked],
    }
    outputs = {"output_examples": [at(standard_artifacts.Examples, "output")]}
    Executor().Do(inputs, outputs, dict.fromkeys(("data_spec", "model_spec"), "{}"))


def test_with_both_blessings_the_examples_are_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Split-predict"):
        infer(tmp_path, blessed=True, servable=True)


@pytest.mark.parametrize(("blessed", "servable"), [(True, False), (False, True), (False, False)])
def test_without_one_of_them_no_model_is_called(
    blessed: bool, servable: bool, tmp_path: Path
) -> None:
    infer(tmp_path, blessed, servable)
    assert list(tmp_path.iterdir()) == []
