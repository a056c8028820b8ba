"""What a cluster runs, run here on buckets: every container's command as compiled."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from components import serving_folder
from components.pusher import warm_up
from dataset.boxes import parse_box
from dataset.csv_rows import read_rows
from pipeline import nodes
from pipeline.platforms.cluster import INGEST_LOG
from schemas import artifacts, signatures
from schemas.reasons import RejectReason
from schemas.splits import EVAL, TRAIN, UNLABELLED, VALIDATION
from system import storage
from system.buckets import folders
from testing.models import small_network
from testing.pipeline.replaying import Replay, replay


@pytest.fixture(scope="module", params=["gs", "s3"])
def bucket_replay(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    colours: tuple[Path, Path],
    unlabelled: Path,
    choice: Path,
) -> Iterator[Replay]:
    """A whole run from a bucket to a bucket, whose first weights are in the bucket too.

    In gs:// the CSVs are those of the newest span; in s3:// there are three of them.
    """
    server = request.getfixturevalue({"gs": "google_cloud", "s3": "amazon"}[request.param])
    folder = tmp_path_factory.mktemp("bucket-replay")
    bucket = f"{request.param}://pet/replay"
    weights = folder / "first.weights.h5"
    small_network.new_backbone(32).save_weights(weights)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in server.environment().items():
            patch.setenv(variable, value)
        storage.put_files([(str(weights), f"{bucket}/{weights.name}")])
        override = f"model.weights={bucket}/{weights.name}"
        if request.param == "gs":
            # A newer span, of which only one CSV is there yet.
            storage.write_whole(f"{bucket}/data/8/train.csv", "half")
            yield replay(folder, *colours, unlabelled, bucket, override, span="7")
        else:
            yield replay(folder, *colours, unlabelled, bucket, override, validation=choice)


def test_a_model_is_pushed_that_answers(
    bucket_replay: Replay, colours: tuple[Path, Path], tmp_path: Path
) -> None:
    serving = bucket_replay.inputs.serving
    (version,), _ = folders.names(serving)
    # What a server of models would have on its disk.
    folders.download(f"{serving}/{version}", tmp_path / version)
    assert serving_folder.check_version(str(tmp_path / version))
    assert (tmp_path / version / signatures.EXTRAS_FOLDER / warm_up.FILE).is_file()
    loaded = tf.saved_model.load(str(tmp_path / version))
    row = next(iter(read_rows(str(colours[1]))))
    told = loaded.signatures[signatures.SERVE_BOX](
        **{
            signatures.IMAGE_BYTES: tf.constant(
                [(colours[1].parent / row.image_path).read_bytes()]
            ),
            signatures.BOX: tf.constant([list(parse_box(row.bbox))], tf.int64),
        }
    )
    assert told[signatures.MOOD].numpy()[0].decode("utf-8") == row.label

    # A missing photo is counted, by the node whose row it is.
    assert len(bucket_replay.outputs) == 18
    refused, counted = [], {}
    for node in (nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN):
        uri = bucket_replay.outputs[node]["rejects"]["uri"]
        assert uri.startswith(f"{bucket_replay.inputs.root}/{node}/")
        ingest = json.loads(storage.read_bytes(f"{uri}/{artifacts.INGEST_JSON}"))
        refused += [split["refused"] for split in ingest["splits"].values()]
        counted |= {name: split["used"] for name, split in ingest["splits"].items()}
    chosen = {VALIDATION: 48} if bucket_replay.inputs.validation_csv else {}
    assert counted == {TRAIN: 192, **chosen, EVAL: 48, UNLABELLED: 48}
    counts = [split.get(RejectReason.IMAGE_MISSING.value, 0) for split in refused]
    assert sorted(counts) == [0] * (len(counts) - 1) + [1]

    # Later ingests find what they may take over.
    log = folders.objects(f"{bucket_replay.inputs.root}/{INGEST_LOG}")
    entries = [json.loads(storage.read_bytes(address)) for address, _ in log]
    assert sorted(entry["examples"] for entry in entries) == sorted(
        bucket_replay.outputs[node]["examples"]["uri"]
        for node in (nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN)
    )

    # Nothing of a check or of work that has ended is left.
    left = [address for address, _ in folders.objects(bucket_replay.inputs.root)]
    assert not [address for address in left if ".pet-mood-check" in address]
    assert not [address for address in left if f"/{artifacts.UNFINISHED}/" in address]

    servable = bucket_replay.outputs[nodes.SERVABLE_CHECK]["blessing"]["uri"]
    assert json.loads(storage.read_bytes(f"{servable}/{artifacts.SERVABLE_JSON}"))["passed"]
