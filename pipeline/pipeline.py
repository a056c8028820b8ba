"""The graph: which node feeds which. No algorithm lives here.

Five stages: ingest, validate, learn, judge, deliver, whose nodes are in ``pipeline.stages``. A
node's ``code`` is the version of our modules that it runs, for TFX's cache.
"""

from tfx.orchestration.pipeline import Pipeline

from pipeline.beam import beam_args
from pipeline.config import Settings
from pipeline.platforms.local import LocalPlatform
from pipeline.platforms.platform import Platform
from pipeline.run_inputs import RunInputs
from pipeline.stages.data import ingest, validate
from pipeline.stages.delivery import deliver
from pipeline.stages.judging import judge
from pipeline.stages.learning import learn


def create_pipeline(settings: Settings, inputs: RunInputs) -> Pipeline:
    """Returns the pipeline from CSVs to a pushed model, for a run on this machine.

    Args:
      settings: how it works.
      inputs: the data and the output folder.

    Raises:
      ConfigError: ML Metadata's password is missing, or its store is not that of earlier runs.
      DataRefusedError: a CSV is empty, not UTF-8 or lacks a column.
    """
    return pipeline_at(LocalPlatform(inputs, settings.metadata), settings)


def pipeline_at(platform: Platform, settings: Settings) -> Pipeline:
    """Returns the pipeline from CSVs to a pushed model.

    Args:
      platform: where it runs, and on which data.
      settings: how it works.

    Raises:
      ConfigError: the settings ask for something that the platform does not have.
      DataRefusedError: a CSV that can be seen from here is empty, not UTF-8 or lacks a column.
    """
    example_gen = ingest(platform, settings)
    data = validate(platform, settings, example_gen)
    model = learn(platform, settings, data)
    verdict = judge(platform, settings, data, model)
    delivery = deliver(platform, settings, data, verdict)
    return Pipeline(
        pipeline_name=platform.name,
        pipeline_root=platform.root,
        components=[*data.nodes, *model.nodes, *verdict.nodes, *delivery],
        enable_cache=True,
        metadata_connection_config=platform.metadata,
        beam_pipeline_args=beam_args(settings.beam, 1),
    )
