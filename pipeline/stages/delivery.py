"""Deliver: push, exports, and predictions for rows without moods."""

from typing import Any

from tfx.proto import bulk_inferrer_pb2, pusher_pb2

from components.bulk_inferrer.component import BulkInferrer
from components.exporter.component import Exporter
from components.pusher.component import Pusher
from pipeline import nodes
from pipeline.beam import beam_args
from pipeline.code_version import code_version
from pipeline.config import Settings
from pipeline.platforms.platform import Platform
from pipeline.stages.data import Data, ingest_code
from pipeline.stages.judging import Verdict
from schemas import exports, features, signatures


def deliver(platform: Platform, settings: Settings, data: Data, verdict: Verdict) -> list[Any]:
    """Returns the push of a blessed model, and what exports, platform and --predict-csv add."""
    # A version in the serving folder.
    pusher = Pusher(
        **verdict.blessed_model,
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=platform.serving)
        ),
        custom_config={"code": code_version("components.pusher.executor")},
    ).with_id(nodes.PUSHER)
    others = platform.other_pushers(settings, pusher, **verdict.blessed_model)

    # The network for other runtimes than TensorFlow, with export.formats.
    if settings.export.names:
        platform.check_exports(settings.export)
        exporter = Exporter(
            examples=data.examples,
            rejects=data.rejects,
            model=verdict.blessed_model["model"],
            pushed_model=pusher.outputs["pushed_model"],
            folder=exports.folder_beside(platform.serving),
            settings_json=settings.export.to_json(),
            code=code_version("components.exporter.component", "models.exporting.job"),
        ).with_id(nodes.EXPORTER)
        others = [exporter, *others]

    # Predictions for rows without moods.
    unlabelled_gen = platform.unlabelled_gen(settings, ingest_code())
    if unlabelled_gen is None:
        return [pusher, *others]
    unlabelled_gen.with_id(nodes.UNLABELLED_GEN)
    unlabelled_gen.with_beam_pipeline_args(beam_args(settings.beam, settings.beam.workers))
    inferrer = _bulk_inferrer(unlabelled_gen, pusher, **verdict.blessed_model)
    return [pusher, *others, unlabelled_gen, inferrer]


def _bulk_inferrer(unlabelled_gen: Any, pusher: Any, **blessed_model: Any) -> Any:
    """Returns the node that writes a blessed model's predictions beside Examples."""
    columns = (
        (signatures.MOOD, features.PREDICTED_MOOD),
        (signatures.MOOD_ID, features.PREDICTED_MOOD_ID),
        (signatures.UNSURE, features.PREDICTED_UNSURE),
        (signatures.PROBABILITIES, features.PREDICTED_PROBABILITIES),
        (signatures.STATUS, features.PREDICTED_STATUS),
    )
    spec = bulk_inferrer_pb2.OutputColumnsSpec(
        predict_output=bulk_inferrer_pb2.PredictOutput(
            output_columns=[
                bulk_inferrer_pb2.PredictOutputCol(output_key=key, output_column=column)
                for key, column in columns
            ]
        )
    )
    node = BulkInferrer(
        **blessed_model,
        examples=unlabelled_gen.outputs["examples"],
        model_spec=bulk_inferrer_pb2.ModelSpec(model_signature_name=[signatures.SERVE_BULK]),
        output_example_spec=bulk_inferrer_pb2.OutputExampleSpec(output_columns_spec=[spec]),
        code=code_version("components.bulk_inferrer.executor"),
    ).with_id(nodes.BULK_INFERRER)
    # Whoever waits for the model does not wait for a million predictions first.
    node.add_upstream_node(pusher)
    return node
