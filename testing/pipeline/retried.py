"""Some nodes of our pipeline, run as a run does it: tried again when an engine fails."""

from collections.abc import Callable, Collection
from pathlib import Path

from tfx.dsl.compiler import compiler

from pipeline import config
from pipeline.engine import check
from pipeline.pipeline import create_pipeline
from pipeline.run_inputs import RunInputs
from report.node_run import NodeRun
from runner.nodes.dag import DagRunner
from runner.nodes.engine_retry import EngineRetry
from schemas.labels import DEFAULT_MOODS


class NodeRuns(list[NodeRun]):
    """How the nodes ended; it implements ``runner.nodes.dag.RunHooks``."""

    def before_run(self, nodes: list[str], reusable: frozenset[str]) -> None:
        """See ``runner.nodes.dag.RunHooks``."""

    def before_node_run(self, node: str) -> None:
        """See ``runner.nodes.dag.RunHooks``."""

    def after_node_run(self, run: NodeRun) -> None:
        """See ``runner.nodes.dag.RunHooks``."""
        self.append(run)


def run_retried(
    output: Path,
    csvs: tuple[Path, Path | None],
    overrides: Collection[str],
    nodes: Collection[str],
    say: Callable[[str], None],
) -> NodeRuns:
    """Runs some nodes of the pipeline.

    Args:
      output: folder of the run.
      csvs: rows to train and to evaluate on.
      overrides: settings, as ``--set`` takes them.
      nodes: ids of those that run.
      say: is called with the reason of each new try, before the engine is asked again.
    """
    settings = config.load("quick", None, ["model.resolution=32", *overrides])
    inputs = RunInputs(*csvs, None, DEFAULT_MOODS, output)
    compiled = compiler.Compiler().compile(create_pipeline(settings, inputs))
    kept = [node for node in compiled.nodes if node.pipeline_node.node_info.id in nodes]
    del compiled.nodes[:]
    compiled.nodes.extend(kept)
    runs = NodeRuns()

    def asked() -> str:
        return check.check(settings.beam, inputs.artifacts, [csv for csv in csvs if csv])

    DagRunner(runs, EngineRetry(settings.beam, asked, say)).run_with_ir(compiled)
    return runs
