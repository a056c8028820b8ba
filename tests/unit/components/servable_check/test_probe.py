"""The servable check: TF32 in training is no fault; wrong pixels, margins, labels or weights are.

A GPU is emulated: convolutions that are not placed on the CPU round their factors to 10 bits and
sum in float32, as TensorFloat-32 does.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from components.servable_check import component
from models.inputs.input_pipeline import evaluation_batches
from models.inputs.label_index import LabelIndexer
from models.inputs.records import ordered
from models.network import classifier
from models.servable import export, golden
from models.servable.serving_spec import ServingSpec
from models.settings.network import ModelSettings
from schemas import artifacts
from testing.models import samples, small_network

SIDE = 64
SPEC = ServingSpec(samples.MOODS, SIDE, box_margin=0.2)

# Starting TensorFlow takes longer than all the rest.
_MANY_PROBES = """
import json, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
for request, result in json.load(open(sys.argv[2])):
    main(request, result)
"""


def in_tf32(values: Any) -> tf.Tensor:
    """Rounds float32 to 10 bits of mantissa, in eager mode and in graphs."""
    bits = tf.bitcast(tf.cast(values, tf.float32), tf.int32)
    return tf.bitcast(tf.bitwise.bitwise_and(bits + (1 << 12), ~((1 << 13) - 1)), tf.float32)


def on_cpu() -> bool:
    """Returns whether operations are placed on the CPU outright here."""
    name = context.context().device_name if tf.executing_eagerly() else tf.zeros([]).device
    return "CPU" in (name or "")


@pytest.fixture
def emulated_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("convolution", "conv2d", "depthwise_conv2d"):
        exact = getattr(tf.nn, name)

        def rounded(inputs: Any, kernel: Any, *args: Any, exact=exact, **more: Any) -> tf.Tensor:
            if on_cpu():
                return exact(inputs, kernel, *args, **more)
            return exact(in_tf32(inputs), in_tf32(kernel), *args, **more)

        monkeypatch.setattr(tf.nn, name, rounded)


@pytest.fixture(scope="module")
def indexer(tmp_path_factory: pytest.TempPathFactory) -> LabelIndexer:
    folder = tmp_path_factory.mktemp("transform")
    return LabelIndexer(samples.write_transform_graph(folder, samples.MOODS))


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """EfficientNet's first blocks with statistics of pictures, as after a training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "new_backbone", small_network.new_backbone)
        keras.utils.set_random_seed(3)
        model = classifier.build(ModelSettings(weights="none", resolution=SIDE), len(samples.MOODS))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for seed in range(8):
        model(
            np.stack([samples.mottled(SIDE, SIDE, 16 * seed + row) for row in range(16)]),
            training=True,
        )
    head = model.get_layer("head")
    head.set_weights([weights * 3 for weights in head.get_weights()])
    return model


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("eval")
    records = [
        samples.example(
            samples.jpeg(samples.mottled(80, 90, seed=row)), samples.MOODS[row % 4], (9, 7, 61, 70)
        )
        for row in range(16)
    ]
    return [samples.write_shard(folder / "0.tfrecord", records)]


@pytest.fixture
def write_golden(
    network: keras.Model, shards: list[str], indexer: LabelIndexer
) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        def batches(files: Any) -> tf.data.Dataset:
            return evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=16)

        folder.mkdir()
        indices = indexer.indices_of(samples.MOODS)
        golden.write(network, shards, 16, batches, indices, SPEC, str(folder))
        return folder

    return write


def pixels_of(shards: list[str], indexer: LabelIndexer) -> Any:
    ((pixels, _),) = evaluation_batches(ordered(shards), indexer, 4, resolution=SIDE, batch_size=16)
    return pixels


def expected_of(folder: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((folder / artifacts.EXPECTED_JSON).read_text("utf-8"))
    return expected


@pytest.mark.slow
def test_a_gpu_in_tf32_would_move_probabilities_beyond_a_fixed_tolerance(
    emulated_gpu: None, network: keras.Model, shards: list[str], indexer: LabelIndexer
) -> None:
    # The reason for this file: a thousandth of probability is too little for TF32.
    pixels = pixels_of(shards, indexer)
    on_gpu = network.predict_on_batch(pixels)
    assert np.abs(on_gpu - golden.predicted_on_cpu(network, pixels)).max() > 1e-3


@pytest.mark.slow
def test_golden_predictions_are_those_of_a_cpu_on_a_machine_with_a_gpu(
    tmp_path: Path, emulated_gpu: None, write_golden: Callable[[Path], Path], request: Any
) -> None:
    with_gpu = expected_of(write_golden(tmp_path / "gpu"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "on_cpu", lambda: True)
        without = expected_of(write_golden(tmp_path / "cpu"))
    assert with_gpu == without
    assert 1e-4 < without["rounding"] < 0.5


@pytest.mark.slow
def test_measuring_the_rounding_leaves_the_network_as_it_was(
    tmp_path: Path, network: keras.Model, write_golden: Callable[[Path], Path]
) -> None:
    before = [weights.copy() for weights in network.get_weights()]
    write_golden(tmp_path / "golden")
    assert all(map(np.array_equal, before, network.get_weights()))


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1.0, 1.0),
        (1 + 2**-10, 1 + 2**-10),
        (1 + 2**-11, 1 + 2**-10),  # A tie goes away from 0.
        (1 + 2**-12, 1.0),
        (-1 - 2**-11, -1 - 2**-10),
        (0.0, 0.0),
    ],
)
def test_tf32_keeps_ten_bits(value: float, rounded: float) -> None:
    assert golden.rounded_to_tf32(np.array([value], np.float32)).tolist() == [rounded]
    assert in_tf32([value]).numpy().tolist() == [rounded]


def _put_off(servable: Path, share: float) -> None:
    """Moves all kernels of a servable by a share of a normal draw."""
    prefix = str(servable / "variables" / "variables")
    reader = tf.train.load_checkpoint(prefix)
    values = {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    random = np.random.default_rng(0)
    for name, value in values.items():
        if np.ndim(value) > 1:
            values[name] = np.float32(value * (1 + share * random.standard_normal(value.shape)))
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )


def _servables(network: keras.Model, folder: Path) -> Iterator[str]:
    """Writes a sound servable and some with one fault each, and yields their names."""

    def write(name: str, model: keras.Model = network, spec: ServingSpec = SPEC) -> str:
        export.write_servable(model, spec, "none", str(folder / name))
        return name

    yield write("sound")
    pixels = keras.Input(network.input_shape[1:])
    divided = keras.Model(pixels, network(keras.layers.Rescaling(1 / 255)(pixels)))
    # The network within is a layer, whose normalisations stay.
    yield write("pixels_over_255", divided)
    yield write("margin_and_labels", spec=ServingSpec(SPEC.mood_names[::-1], SIDE, 0.1))
    shutil.copytree(folder / "sound", folder / "weights_off_by_a_thousandth")
    _put_off(folder / "weights_off_by_a_thousandth", 1e-3)
    yield "weights_off_by_a_thousandth"


@pytest.mark.slow
def test_a_servable_passes_whatever_trained_it_and_each_fault_is_refused(
    tmp_path: Path,
    emulated_gpu: None,
    network: keras.Model,
    write_golden: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    golden_folder = write_golden(tmp_path / "golden")
    monkeypatch.undo()  # The check's process has no emulated GPU, and its graphs must not.
    pairs, names = [], list(_servables(network, tmp_path / "servables"))
    for name in names:
        request = component.probe_request(
            str(tmp_path / "servables" / name),
            str(golden_folder / artifacts.EXPECTED_RECORDS),
            str(golden_folder / artifacts.EXPECTED_JSON),
        )
        pairs.append([str(tmp_path / f"{name}.{end}.json") for end in ("request", "result")])
        Path(pairs[-1][0]).write_text(json.dumps(request), "utf-8")
    (tmp_path / "pairs.json").write_text(json.dumps(pairs), "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", _MANY_PROBES, str(component.PROBE), "pairs.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]

    failed = {
        name: {
            check["check"].removeprefix("tf2_loader").removeprefix("tf1_loader"): check["message"]
            for check in json.loads(Path(result).read_text("utf-8"))["checks"]
            if not check["passed"]
        }
        for name, (_, result) in zip(names, pairs, strict=True)
    }
    both = {"_same_answers", "_same_boxes"}
    assert {name: set(messages) for name, messages in failed.items()} == {
        "sound": set(),
        "pixels_over_255": both,
        "margin_and_labels": {"_same_boxes", "_same_moods"},
        "weights_off_by_a_thousandth": both,
    }
    assert "in float32 on a CPU" in failed["margin_and_labels"]["_same_boxes"]
