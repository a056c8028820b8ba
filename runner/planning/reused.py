"""Which of a pipeline's nodes a run would take over, by ML Metadata and without running one.

TFX decides when it runs a node: equal parameters, and inputs that are the same artifacts
(tfx/orchestration/portable/cache_utils.py). The same is asked here node by node, where the inputs
of a node that would run again are new ones.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ml_metadata.proto import metadata_store_pb2

from runner.nodes import reuse
from runner.nodes.recovery import PIPELINE_CONTEXT


def reused_nodes(store: Any, pipeline: Any) -> Iterator[str]:
    """Yields the names of the nodes whose results would be taken over.

    A resolver is none of them: it always looks, in a tenth of a second. Its answer is taken to be
    the last one while everything before it is unchanged.

    Args:
      store: an ``ml_metadata.MetadataStore``.
      pipeline: the compiled pipeline, a ``Pipeline`` message.
    """
    context = store.get_context_by_type_and_name(PIPELINE_CONTEXT, pipeline.pipeline_info.id)
    if context is None:
        return
    executions = [
        execution
        for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state
        in (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)
    ]
    types = {each.id: each.name for each in store.get_execution_types()}
    outputs: dict[str, set[int]] = {}
    for wrapped in pipeline.nodes:
        node = wrapped.pipeline_node
        name = node.node_info.id
        producers = _producers(node)
        if any(producer not in outputs for producer in producers):
            continue
        known = set().union(*(outputs[producer] for producer in producers)) if producers else set()
        is_resolver = "Resolver" in node.node_info.type.name
        for execution in reversed(executions):
            if types.get(execution.type_id) != node.node_info.type.name:
                continue
            inputs, made = _artifacts(store, execution.id)
            of_producers = inputs if not producers else inputs & known
            if not is_resolver and not reuse.has_parameters(execution, node):
                continue
            if producers and not of_producers:
                continue
            if made and not reuse.are_there(store, made):
                continue
            outputs[name] = made
            if not is_resolver:
                yield name
            break
        else:
            if is_resolver:
                outputs[name] = set()


def _producers(node: Any) -> Sequence[str]:
    """Returns the names of the nodes that this one takes artifacts from."""
    return sorted(
        {
            channel.producer_node_query.id
            for given in node.inputs.inputs.values()
            for channel in given.channels
            if channel.producer_node_query.id
        }
    )


def _artifacts(store: Any, execution_id: int) -> tuple[set[int], set[int]]:
    """Returns the ids of the artifacts that an execution took and gave."""
    kinds = metadata_store_pb2.Event
    events = store.get_events_by_execution_ids([execution_id])
    return (
        {event.artifact_id for event in events if event.type == kinds.INPUT},
        {event.artifact_id for event in events if event.type == kinds.OUTPUT},
    )
