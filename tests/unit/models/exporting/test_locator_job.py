"""A locator beside an exported network: kept where it finds what the servable finds."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models.exporting.locator_job import LocatorExporter
from schemas import exports, features
from testing.models import quadrants, red_locator
from testing.models.servables import finding_servable

pytestmark = pytest.mark.slow

FRAMES = 3


def write_shard(path: Path, frames: int) -> str:
    """Writes Examples with grey frames of 128 x 96 that have a red square, and one without."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(tf.train.Example().SerializeToString())
        for number in range(frames):
            photo = Image.new("RGB", (128, 96), (40, 40, 40))
            left = 32 + 16 * number
            photo.paste((255, 0, 0), (left, 32, left + 32, 64))
            box = (32 / 96, left / 128, 64 / 96, (left + 32) / 128)
            jpeg = quadrants.encoded(photo, "JPEG", quality=95)
            feature = {
                features.SCENE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[jpeg])),
                features.SCENE_BOXES: tf.train.Feature(float_list=tf.train.FloatList(value=box)),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("located")


@pytest.fixture(scope="module")
def servable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finding_servable(tmp_path_factory, 0.05)


@pytest.fixture(scope="module")
def exporter(folder: Path, servable: Path) -> LocatorExporter:
    shards = [write_shard(folder / name, FRAMES) for name in ("eval", "train")]
    return LocatorExporter(
        red_locator.red_locator(),
        tf.saved_model.load(str(servable)),
        str(servable),
        *([shard] for shard in shards),
    )


@pytest.mark.parametrize("name", ["onnx", "openvino_fp16", "litert_int8"])
def test_a_locator_that_finds_the_same_is_kept(
    name: str, exporter: LocatorExporter, tmp_path: Path
) -> None:
    result = exporter.export(name, tmp_path, 4)
    assert result["kept"], result["reason"]
    assert result["same_finds"] == result["same_empty"] == 1
    # Three photos, and the grey above, below, left and right of each red square.
    assert "of 3 photos and 100.0% of 12 pictures of background" in result["reason"]
    file = tmp_path / exports.LOCATOR_FILES[exports.runtime_of(name)]
    assert file.is_file()
    assert result["bytes"] == sum(each.stat().st_size for each in tmp_path.iterdir())
    assert result["milliseconds"] > 0


def test_one_that_finds_something_else_leaves_nothing_behind(
    exporter: LocatorExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = red_locator.red_locator()
    kernel, bias = other.layers[-1].get_weights()
    other.layers[-1].set_weights([kernel, bias + np.float32([0, 0.2, 0, 0, 0])])
    monkeypatch.setattr(exporter, "_locator", other)
    (tmp_path / "model.onnx").touch()
    result = exporter.export("onnx_fp16", tmp_path, 4)
    assert not result["kept"] and result["same_finds"] == 0 and result["same_empty"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_8_bits_take_their_ranges_from_both_looks_at_training_photos(
    exporter: LocatorExporter,
) -> None:
    pixels = exporter._calibration(4)
    assert pixels.shape == (4, red_locator.SIDE, red_locator.SIDE, 3)
    # Red fills 32 x 32 of 96 x 128 pixels, and of the 64 x 64 around the box.
    red = (pixels[..., 0] > 128).mean(axis=(1, 2))
    assert red == pytest.approx([1 / 12, 1 / 12, 1 / 4, 1 / 4], abs=0.02)


def test_without_a_stored_frame_it_is_left_out_by_name(folder: Path, servable: Path) -> None:
    shard = [write_shard(folder / "none", 0)]
    exporter = LocatorExporter(red_locator.red_locator(), None, str(servable), shard, shard)
    result = exporter.export("onnx", folder, 4)
    assert not result["kept"] and "no eval row with a stored frame" in result["reason"]
