"""Nodes that TFX will probably not run again."""

import shutil
from pathlib import Path

import ml_metadata
import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.proto.orchestration import pipeline_pb2

from runner.nodes.reuse import reusable

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path: Path) -> ml_metadata.MetadataStore:
    """A store with one complete execution of the node, whose output is in a folder."""
    connection = mlmd.ConnectionConfig()
    connection.fake_database.SetInParent()
    made = ml_metadata.MetadataStore(connection)
    kinds = [
        made.put_context_type(mlmd.ContextType(name="pipeline")),
        made.put_execution_type(mlmd.ExecutionType(name="PetExampleGen")),
        made.put_artifact_type(mlmd.ArtifactType(name="Examples")),
    ]
    (tmp_path / "examples").mkdir()
    execution = mlmd.Execution(type_id=kinds[1], last_known_state=mlmd.Execution.COMPLETE)
    execution.custom_properties["ingest"].string_value = "settings"
    execution.custom_properties["span"].int_value = 0
    output = mlmd.Artifact(type_id=kinds[2], uri=str(tmp_path / "examples"))
    made.put_execution(
        execution,
        [(output, mlmd.Event(type=mlmd.Event.OUTPUT))],
        [mlmd.Context(type_id=kinds[0], name="pets")],
    )
    return made


def node(text: str, upstream: bool = False) -> pipeline_pb2.PipelineNode:
    made = pipeline_pb2.PipelineNode()
    made.node_info.id = "PetExampleGen"
    made.parameters.parameters["ingest"].field_value.string_value = text
    if upstream:
        made.inputs.inputs["examples"].SetInParent()
    return made


def test_the_same_parameters_are_reused(store: ml_metadata.MetadataStore) -> None:
    assert [*reusable(store, "pets", [node("settings")])] == ["PetExampleGen"]


def test_other_parameters_pipelines_and_nodes_with_inputs_are_not(
    store: ml_metadata.MetadataStore,
) -> None:
    assert not [*reusable(store, "pets", [node("others"), node("settings", upstream=True)])]
    assert not [*reusable(store, "cats", [node("settings")])]


def test_removed_outputs_are_made_again(store: ml_metadata.MetadataStore, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "examples")
    assert not [*reusable(store, "pets", [node("settings")])]


def test_a_failed_execution_is_not_reused(store: ml_metadata.MetadataStore) -> None:
    (execution,) = store.get_executions()
    execution.last_known_state = mlmd.Execution.FAILED
    store.put_executions([execution])
    assert not [*reusable(store, "pets", [node("settings")])]
