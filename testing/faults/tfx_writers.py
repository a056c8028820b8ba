"""Writers inside TFX's nodes: the ingest, the training's backups, the push."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf
from PIL import Image
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts, standard_component_specs
from tfx.utils import proto_utils

from components.artifact_types import Frames, Rejects
from components.pet_example_gen import executor as ingest_executor
from components.pet_example_gen.component import PetExampleGen
from components.pet_example_gen.job import IngestSettings
from components.pusher import executor as push_executor
from components.pusher import warm_up
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.training.backup import Backups
from runner.nodes import recovery
from schemas import artifacts
from schemas.labels import DEFAULT_MOODS
from schemas.splits import EVAL, TRAIN, split_folder
from testing.faults.writer import Writer

_CLIPS = {TRAIN: 6, EVAL: 2}
_EXECUTION = 1


def ingest() -> Writer:
    """Returns PetExampleGen's executor, with the remains of a killed attempt in its folder."""
    return Writer(
        "ingest", _draw_photos, _run_ingest, _read_ingest, _recover,
        working=("unfinished", ".system"),
    )  # fmt: skip


def _draw_photos(inputs: Path, before: Path) -> None:
    for split, clips in _CLIPS.items():
        lines = ["image_path,bbox,labels,clip"]
        for clip in range(clips):
            name = f"{split}-{clip}.jpg"
            Image.new("RGB", (64, 48), (40 * clip, 80, 20)).save(inputs / name)
            lines.append(f'{name},"4,4,32,40",{DEFAULT_MOODS[clip % 2]},{split}{clip}')
        lines.append(f'none.jpg,"4,4,32,40",{DEFAULT_MOODS[0]},{split}-none')
        (inputs / f"{split}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    unfinished = before / "pipeline" / "PetExampleGen" / "unfinished"
    unfinished.mkdir(parents=True)
    dead = "train-00000-of-00002.0123456789abcdef0123456789abcdef.partial"
    for ending in (".tfrecord", ".parquet"):
        (unfinished / (dead + ending)).write_bytes(b"half")


def _run_ingest(inputs: Path, output: Path) -> None:
    settings = IngestSettings(
        data=DataSettings(shard_rows=4), thin=ThinSettings(), moods=DEFAULT_MOODS, side=32
    )
    csvs = {split: str(inputs / f"{split}.csv") for split in _CLIPS}
    node = output / "pipeline" / "PetExampleGen"
    outputs = {
        key: _artifact(kind, node / key / str(_EXECUTION))
        for key, kind in (
            (standard_component_specs.EXAMPLES_KEY, standard_artifacts.Examples),
            (ingest_executor.REJECTS_KEY, Rejects),
            (ingest_executor.FRAMES_KEY, Frames),
        )
    }
    temporary = node / ".system" / "executor_execution" / str(_EXECUTION) / ".temp"
    # An image keeps TFX from packing its own source for Beam's workers, of which there are none.
    beam = ["--direct_num_workers=1", "--sdk_container_image=none"]
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=beam, tmp_dir=str(temporary), unique_id="1"
    )
    properties = PetExampleGen(csvs, settings).exec_properties
    ingest_executor.Executor(context).Do({}, outputs, properties)
    # As the local runner does, once TFX has recorded the node as complete.
    recovery.forget_unfinished(output / "pipeline", "PetExampleGen")


def _read_ingest(output: Path) -> None:
    node = output / "pipeline" / "PetExampleGen"
    shards = [*(node / "examples").rglob("*.tfrecord")]
    for shard in shards:
        for record in tf.compat.v1.io.tf_record_iterator(str(shard)):
            tf.train.Example.FromString(record)
    for table in (node / "frames").rglob("*.parquet"):
        pq.read_table(table)
    rejects = node / "rejects" / str(_EXECUTION)
    if (rejects / artifacts.INGEST_JSON).exists():
        counts = json.loads((rejects / artifacts.INGEST_JSON).read_text("utf-8"))["splits"]
        assert {split: count["used"] for split, count in counts.items()} == _CLIPS
        with (rejects / artifacts.REJECTS_CSV).open(encoding="utf-8", newline="") as file:
            assert len([*csv.DictReader(file)]) == len(_CLIPS)
        assert {shard.parent.name for shard in shards} == {*map(split_folder, _CLIPS)}


def _recover(output: Path) -> None:
    recovery.remove_executions(output / "pipeline", [_EXECUTION])


def backups() -> Writer:
    """Returns two backups of a training that has two, and the remains of one that was killed."""

    def write(folder: Path, steps: int, files: list[str]) -> None:
        arrays = {"model": [np.full([64, 64], steps, np.float32), np.int64(steps)]}
        Backups(str(folder), "key").write({"place": (0, steps)}, arrays, files)

    def steps_in(folder: Path) -> int:
        newest = Backups(str(folder), "key").newest()
        assert newest is not None
        return int(newest.state["place"][1])

    def prepare(inputs: Path, before: Path) -> None:
        for name in (artifacts.CURVES_CSV, artifacts.CHECKPOINT_KERAS):
            (inputs / name).write_bytes(name.encode() * 1000)
        for steps in (1, 2):
            write(before, steps, [])
        half = Path(Backups(str(before), "key").folder) / "3.partial"
        half.mkdir()
        (half / "arrays.npz").write_bytes(b"half")

    def run(inputs: Path, output: Path) -> None:
        names = (artifacts.CURVES_CSV, artifacts.CHECKPOINT_KERAS)
        for steps in range(steps_in(output) + 1, 5):
            write(output, steps, [str(inputs / name) for name in names])

    def read(output: Path) -> None:
        newest = Backups(str(output), "key", writes=False).newest()
        assert newest is not None
        steps = newest.state["place"][1]
        assert steps in (2, 3, 4) and (newest.arrays["model"][0] == steps).all()
        kept = {path.name for path in Path(newest.folder).iterdir()}
        assert steps == 2 or {artifacts.CURVES_CSV, artifacts.CHECKPOINT_KERAS} <= kept

    # A backup that cannot be removed costs space, and must not end a training.
    return Writer("training backup", prepare, run, read, removed=("*",), tolerates=True)


def push() -> Writer:
    """Returns the Pusher's executor, beside a version and the remains of a killed push.

    The warm-up requests are written, and not tried: that only reads, and takes seconds.
    """

    def prepare(inputs: Path, before: Path) -> None:
        servable = inputs / "model" / "Format-Serving"
        for name in ("saved_model.pb", "variables/variables.index", "assets.extra/labels.json"):
            (servable / name).parent.mkdir(parents=True, exist_ok=True)
            (servable / name).write_bytes(name.encode() * 5000)
        base = before / "serving" / "pet_mood"
        (base / "1700000000").mkdir(parents=True)
        (base / "1700000000" / "saved_model.pb").write_bytes(b"earlier")
        half = before / "serving" / "pet_mood.partial" / "1800000000"
        half.mkdir(parents=True)
        (half / "saved_model.pb").write_bytes(b"half")

    def run(inputs: Path, output: Path) -> None:
        warm_up.check = lambda version: None
        model = _artifact(standard_artifacts.Model, inputs / "model")
        model[0].mlmd_artifact.create_time_since_epoch = 1_800_000_000_000
        blessing = _artifact(standard_artifacts.ModelBlessing, inputs / "blessing")
        blessing[0].set_int_custom_property("blessed", 1)
        pushed = output / "pipeline" / "Pusher" / "pushed_model" / str(_EXECUTION)
        destination = pusher_pb2.PushDestination()
        destination.filesystem.base_directory = str(output / "serving" / "pet_mood")
        push_executor.Executor(BaseExecutor.Context()).Do(
            {"model": model, "model_blessing": blessing},
            {"pushed_model": _artifact(standard_artifacts.PushedModel, pushed)},
            {"push_destination": proto_utils.proto_to_json(destination)},
        )

    def read(output: Path) -> None:
        versions = list((output / "serving" / "pet_mood").iterdir())
        assert {path.name for path in versions} <= {"1700000000", "1800000000"}
        for version in versions:
            assert (version / "saved_model.pb").stat().st_size in (7, 70_000)

    # What lies in the node's own folder counts only once TFX has recorded the node.
    return Writer("push", prepare, run, read, _recover, working=("pipeline",))


def _artifact(kind: Any, uri: Path) -> list[Any]:
    uri.mkdir(parents=True, exist_ok=True)
    artifact = kind()
    artifact.uri = str(uri)
    return [artifact]
