"""Learn: search, training and locator."""

from typing import Any, NamedTuple

from tfx.components import Trainer, Transform
from tfx.proto import trainer_pb2

from components.model_resolvers import last_blessed
from components.tuner.component import Tuner
from pipeline import nodes
from pipeline.code_version import code_version
from pipeline.config import Settings
from pipeline.platforms.platform import Platform
from pipeline.stages.data import Data
from schemas.splits import TRAIN


class Model(NamedTuple):
    """A trained model, not yet judged: its nodes in order, and the last one's outputs."""

    nodes: list[Any]
    model: Any
    model_run: Any


def learn(platform: Platform, settings: Settings, data: Data) -> Model:
    """Adds label indices, the optional search and warm start, and the training."""
    mood_names = list(platform.moods)

    # Label names become indices. Pixels stay JPEG: the last two arguments keep TFX from reading
    # a single picture, the graph is only traced. TFX's default is to analyse train alone.
    transform = Transform(
        examples=data.examples,
        schema=data.schema,
        preprocessing_fn="models.transform.preprocessing_fn",
        custom_config={"moods": mood_names, "code": code_version("models.transform")},
        materialize=False,
        disable_statistics=True,
    ).with_id(nodes.TRANSFORM)
    transform.add_upstream_node(data.gate)

    # The model to start from, with model.warm_start.
    base = platform.base_model(data.examples) if settings.model.warm_start else None
    inputs = {
        "examples": data.examples,
        "transform_graph": transform.outputs["transform_graph"],
        "schema": data.schema,
        "base_model": base.outputs[last_blessed.MODEL] if base else None,
        "train_args": trainer_pb2.TrainArgs(splits=[TRAIN]),
        # What chooses; the Evaluator alone reads the rows that judge, unless there are no others.
        "eval_args": trainer_pb2.EvalArgs(splits=[platform.choosing_split(settings)]),
    }
    config = {
        "model": settings.model.model_dump(),
        "train": settings.train.model_dump(),
        "augment": settings.augment.model_dump(),
        "moods": mood_names,
        "box_margin": settings.data.box_margin,
        "box_overhang": settings.data.box_overhang,
        "backup_dir": platform.backup_dir,
        "gpus": platform.gpus(settings),
    }

    # Short trainings in search of better settings, with tune.trials.
    tuner = None
    if settings.tune.trials:
        code = code_version("components.tuner.executor", "models.tuner")
        tuner = Tuner(
            **inputs,
            tuner_fn="models.tuner.tuner_fn",
            custom_config=config | {"tune": settings.tune.model_dump(), "code": code},
        ).with_id(nodes.TUNER)

    # What the export adds to the network, in which no trial takes part.
    export = {
        "calibration": {
            name: getattr(settings.evaluate, name)
            for name in ("calibrate", "target_accuracy", "coverage")
        },
        "trained_on": platform.trained_on,
    }

    # The training itself.
    trainer = Trainer(
        **inputs,
        run_fn="models.trainer.run_fn",
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        custom_config=config | export | {"code": code_version("models.trainer")},
    ).with_id(nodes.TRAINER)
    trained = [transform, *(node for node in (base, tuner) if node), trainer]
    if not settings.locate.enabled:
        return Model(trained, trainer.outputs["model"], trainer.outputs["model_run"])

    # What finds the animal in a photo without a box; its model is the Trainer's with the locator.
    locator = Trainer(
        **inputs | {"base_model": trainer.outputs["model"]},
        run_fn="models.locator.run_fn",
        custom_config=config
        | {"locate": settings.locate.model_dump(), "code": code_version("models.locator")},
    ).with_id(nodes.LOCATOR)
    return Model([*trained, locator], locator.outputs["model"], locator.outputs["model_run"])
