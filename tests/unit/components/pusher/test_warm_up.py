"""The warm-up requests have TensorFlow Serving's form, and each gets a prediction."""

import io
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from components.pusher import warm_up
from schemas import signatures
from testing.models.servables import quadrant_servable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A servable around ``samples.quadrant_network``."""
    return quadrant_servable(tmp_path_factory, box_margin=0.25)


@pytest.fixture(scope="module")
def warm(servable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the servable with its warm-up requests."""
    folder = tmp_path_factory.mktemp("warm") / "1"
    shutil.copytree(servable, folder)
    warm_up.add(folder, "pet_mood")
    return folder


def requests_of(version: Path) -> list[prediction_log_pb2.PredictionLog]:
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in records]


def test_every_signature_has_a_request_of_every_size_the_small_ones_first(warm: Path) -> None:
    logs = requests_of(warm)
    # TensorFlow Serving refuses a file of more than 1,000.
    assert len(logs) == 3 * 6
    assert {log.WhichOneof("log_type") for log in logs} == {"predict_log"}
    specs = [log.predict_log.request.model_spec for log in logs]
    assert {spec.name for spec in specs} == {"pet_mood"}
    names = [signatures.SERVE_IMAGE, signatures.SERVE_BOX, signatures.SERVE_EXAMPLE]
    assert [spec.signature_name for spec in specs] == names * 6
    sizes = [
        {int(value.tensor_shape.dim[0].size) for value in log.predict_log.request.inputs.values()}
        for log in logs
    ]
    assert sizes == [{size} for size in (1, 2, 4, 8, 16, 32) for _ in names]


def test_the_request_of_four_has_a_photo_of_each_format(warm: Path) -> None:
    request = requests_of(warm)[3 * 2].predict_log.request
    photos = tf.make_ndarray(request.inputs[signatures.IMAGE_BYTES])
    formats = [Image.open(io.BytesIO(photo)).format for photo in photos]
    assert formats == ["JPEG", "PNG", "GIF", "BMP"]


def test_the_file_is_small_beside_the_model(warm: Path) -> None:
    assert (warm / "assets.extra" / "tf_serving_warmup_requests").stat().st_size < 1_000_000


def test_the_requests_fit_the_signatures_as_tensorflow_serving_reads_them(warm: Path) -> None:
    logs = requests_of(warm)[:3]
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(warm))
        for log in logs:
            request = log.predict_log.request
            signature = meta.signature_def[request.model_spec.signature_name]
            feeds = {
                signature.inputs[name].name: tf.make_ndarray(value)
                for name, value in request.inputs.items()
            }
            status = session.run(signature.outputs[signatures.STATUS].name, feeds)
            assert status.tolist() == [b"ok"]


def test_a_servable_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(warm_up.WarmUpError, match="must answer its own warm-up requests"):
        warm_up.add(tmp_path, "pet_mood")


def test_a_request_that_is_not_answered_is_refused(
    servable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = tmp_path / "1"
    shutil.copytree(servable, version)
    monkeypatch.setattr(warm_up, "_draw_picture", lambda kind: b"no picture")
    with pytest.raises(warm_up.WarmUpError, match="serving_default gives 1 good pictures"):
        warm_up.add(version, "pet_mood")


def test_a_broken_file_is_refused(warm: Path, tmp_path: Path) -> None:
    version = tmp_path / "1"
    shutil.copytree(warm, version)
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(warm_up.WarmUpError, match="DataLossError"):
        warm_up.check(version)
