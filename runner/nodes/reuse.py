"""Which nodes TFX will probably not run again, asked before the first node."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2

from runner.nodes.recovery import PIPELINE_CONTEXT


def reusable(store: Any, pipeline: str, nodes: Sequence[Any]) -> Iterator[str]:
    """Yields the names of nodes that read data and have done so before with these parameters.

    TFX itself decides only when it runs a node, and looks at more, such as the time of the CSV.

    Args:
      store: an ``ml_metadata.MetadataStore``.
      pipeline: name of the pipeline.
      nodes: ``PipelineNode`` messages; those with inputs of other nodes are passed over.
    """
    context = store.get_context_by_type_and_name(PIPELINE_CONTEXT, pipeline)
    if context is None:
        return  # The pipeline has not run yet.
    complete = [
        execution
        for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state == metadata_store_pb2.Execution.COMPLETE
    ]
    for node in nodes:
        texts = _texts(node)
        if node.inputs.inputs or not texts:
            continue
        if any(_has(execution, texts) and _is_there(store, execution.id) for execution in complete):
            yield node.node_info.id


def _texts(node: Any) -> dict[str, str]:
    """Returns a node's parameters that are texts, by name."""
    return {
        name: parameter.field_value.string_value
        for name, parameter in node.parameters.parameters.items()
        if parameter.field_value.WhichOneof("value") == "string_value"
    }


def _has(execution: Any, texts: dict[str, str]) -> bool:
    properties = execution.custom_properties
    return all(name in properties for name in texts) and all(
        properties[name].string_value == text for name, text in texts.items()
    )


def _is_there(store: Any, execution_id: int) -> bool:
    """Returns whether an execution's outputs are in their folders."""
    ids = [
        event.artifact_id
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    return bool(ids) and are_there(store, ids)


def has_parameters(execution: Any, node: Any) -> bool:
    """Returns whether an execution had a ``PipelineNode``'s parameters."""
    # TFX keeps those that the node's type declares apart (mlmd/execution_lib.py).
    properties = {**execution.custom_properties, **execution.properties}
    return all(
        name in properties and _is(properties[name], parameter)
        for name, parameter in node.parameters.parameters.items()
    )


def _is(recorded: Any, parameter: Any) -> bool:
    """Returns whether a property that was recorded is a parameter of the compiled pipeline."""
    if parameter.schema.value_type.HasField("boolean_type"):
        # A text of JSON in the pipeline, a number in the store.
        return bool(parameter.field_value.string_value == json.dumps(bool(recorded.int_value)))
    return bool(recorded == parameter.field_value)


def are_there(store: Any, artifact_ids: Iterable[int]) -> bool:
    """Returns whether artifacts are in their folders."""
    return all(Path(each.uri).is_dir() for each in store.get_artifacts_by_id(list(artifact_ids)))
