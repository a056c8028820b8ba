"""The Trainer's node on Vertex AI's several machines: a process each, here."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

from cluster import compiling
from models.training import curves
from pipeline import config, nodes
from schemas import artifacts
from testing.paths import ROOT
from testing.pipeline.replaying import IMAGE, Replay, run_task
from testing.pipeline.runs import FAST

STAND_IN = ROOT / "testing" / "pipeline" / "vertex_stand_in.py"
MACHINES = (1, 2)


@pytest.fixture(scope="module")
def trained(
    replayed: Replay, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, dict[str, Any]]:
    """The Trainer's outputs by the number of machines, on the same Examples."""
    trained = {}
    for machines in MACHINES:
        folder = tmp_path_factory.mktemp(f"machines-{machines}")
        # Several machines do not try precisions by the clock, as one would.
        changes = [*FAST, "train.epochs=2", "train.precision=float32"]
        changes.append(f"cluster.machines={machines}")
        job = compiling.compile_pipeline(
            config.load("quick", None, changes),
            dataclasses.replace(replayed.inputs, root=str(folder)),
            IMAGE,
            project="p",
            region="r",
        )
        _, spec_yaml = compiling.write(job, folder)
        spec = yaml.safe_load(spec_yaml.read_text("utf-8"))
        outputs = run_task(
            spec, nodes.TRAINER, {}, replayed.outputs, f"{folder}/{nodes.TRAINER}", wrapper=STAND_IN
        )
        trained[machines] = outputs
    return trained


def run_of(outputs: dict[str, Any]) -> Path:
    return Path(outputs["model_run"]["uri"])


def test_two_machines_train_what_one_trains(trained: dict[int, dict[str, Any]]) -> None:
    one, two = (curves.read(str(run_of(trained[machines]))) for machines in MACHINES)
    assert len(one) == 2 and one[0]["loss"] != one[1]["loss"]
    for row, other in zip(one, two, strict=True):
        del row["seconds"], other["seconds"]
        assert other == pytest.approx(row, rel=1e-3)
    paths = [run_of(trained[machines]) / artifacts.CHECKPOINT_KERAS for machines in MACHINES]
    weights = [keras.models.load_model(path).get_weights() for path in paths]
    for own, others in zip(*weights, strict=True):
        np.testing.assert_allclose(own, others, rtol=1e-3, atol=1e-5)


def test_one_of_two_machines_writes_and_it_writes_all_that_a_single_one_does(
    trained: dict[int, dict[str, Any]],
) -> None:
    def written(outputs: dict[str, Any]) -> list[str]:
        model = Path(outputs["model"]["uri"])
        run = run_of(outputs)
        paths = [path.relative_to(folder) for folder in (model, run) for path in folder.rglob("*")]
        # TensorBoard's files have the time and the host in their names.
        return sorted(str(path) for path in paths if "events.out" not in path.name)

    assert written(trained[1]) == written(trained[2])
    assert "Format-Serving/saved_model.pb" in written(trained[2])
