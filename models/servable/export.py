"""Export of the trained network as a SavedModel that predicts the moods of pictures."""

import json
import os
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from models.network import classifier
from models.network.folding import fold_batch_norms
from models.servable.answers import Outputs
from models.servable.locating import LocatorNetwork
from models.servable.serving_spec import ServingSpec
from models.servable.signatures import Signatures
from models.settings.network import NONE, ModelSettings
from schemas import artifacts, labels, signatures
from schemas.documents.training import Preprocessing


def write_servable(
    model: keras.Model,
    spec: ServingSpec,
    weights: str,
    folder: str,
    locator: LocatorNetwork | None = None,
) -> None:
    """Writes a SavedModel with the signatures of ``schemas.signatures``.

    Loading it needs neither Keras nor this project. The label map and the parameters of the
    preprocessing lie beside the graph as JSON. They are written first, and TensorFlow writes
    ``saved_model.pb`` after the variables. So where that file is, the servable is complete.

    Args:
      model: from [n, resolution, resolution, 3] in 0..255 to float32[n, k].
      spec: moods, resolution, and how boxes are clipped and widened.
      weights: source of the backbone's weights, for the record.
      folder: created if it does not exist.
      locator: finds the animal of a photo without a box; None takes such a photo as a whole.
    """
    _write_extras(spec, weights, os.path.join(folder, signatures.EXTRAS_FOLDER), locator)

    # A tenth to a sixth faster on a CPU; see docs/decisions/0010-fast-step.md.
    folded = fold_batch_norms(model)
    square = [None, spec.resolution, spec.resolution, 3]
    # One function that the signatures share: the graph holds the network once, not four times.
    network = tf.function(
        lambda pixels: folded(pixels, training=False),
        input_signature=[tf.TensorSpec(square, tf.uint8)],
        autograph=False,
    )

    functions = Signatures(network, spec, locator.as_served() if locator else None)
    images = tf.TensorSpec([None], tf.string, name=signatures.IMAGE_BYTES)
    boxes = tf.TensorSpec([None, 4], tf.int64, name=signatures.BOX)
    examples = tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)
    _save(
        {
            signatures.SERVE_IMAGE: (functions.predict_images, [images]),
            signatures.SERVE_BOX: (functions.predict_boxes, [images, boxes]),
            signatures.SERVE_EXAMPLE: (functions.predict_examples, [examples]),
            signatures.SERVE_BULK: (functions.predict_examples_in_bulk, [examples]),
        },
        folder,
    )


def _save(
    functions: Mapping[str, tuple[Callable[..., Outputs], Sequence[tf.TensorSpec]]], folder: str
) -> None:
    """Writes a SavedModel whose signatures are these functions of these tensors.

    Keras' ExportArchive traces each of them twice, which takes twice as long. Functions that are
    traced already are saved as they are.
    """
    traced = {
        name: tf.function(function, specs, autograph=False).get_concrete_function()
        for name, (function, specs) in functions.items()
    }
    module = tf.Module()
    # What the graphs read must be reachable from what is saved.
    variables = {id(each): each for function in traced.values() for each in function.variables}
    module.network = list(variables.values())
    # Gradients of the activations would be saved too, for a servable that never learns.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, folder, signatures=traced, options=options)


def as_float32(
    model: keras.Model, settings: ModelSettings, mood_names: Sequence[str], run_dir: str
) -> keras.Model:
    """Returns a network that computes in float32 on one device, and saves it as the checkpoint.

    The served model must not depend on the precision that was fastest on the training machine.

    Args:
      model: trained in any precision, under any strategy; its weights are float32.
      settings: that it was built with.
      mood_names: in index order.
      run_dir: folder of ``artifacts.CHECKPOINT_KERAS``, which is written again if the returned
        network is another than ``model``.
    """
    on_one_device = model.distribute_strategy.num_replicas_in_sync == 1
    if model.dtype_policy.name == "float32" and on_one_device:
        return model
    plain = classifier.build(settings.replace(weights=NONE), len(mood_names))
    plain.set_weights(model.get_weights())
    plain.save(os.path.join(run_dir, artifacts.CHECKPOINT_KERAS))
    return plain


def write_preprocessing(
    spec: ServingSpec, weights: str, folder: str, locator: LocatorNetwork | None = None
) -> None:
    """Writes ``signatures.SPEC_ASSET``: into a servable, and beside a checkpoint."""
    document = Preprocessing(
        resolution=spec.resolution,
        box_margin=spec.box_margin,
        box_overhang=spec.box_overhang,
        weights=weights,
        max_image_pixels=spec.limits.pixels,
        max_image_bytes=spec.limits.bytes,
        unsure_below=spec.unsure_below,
        temperature=spec.temperature,
        fitted_on=spec.fitted_on,
        trained_on=spec.trained_on,
        locator=None
        if locator is None
        else {"resolution": locator.resolution, "min_score": locator.min_score},
    )
    with tf.io.gfile.GFile(os.path.join(folder, signatures.SPEC_ASSET), "w") as file:
        file.write(json.dumps(document, ensure_ascii=False))


def _write_extras(
    spec: ServingSpec, weights: str, folder: str, locator: LocatorNetwork | None
) -> None:
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, signatures.LABELS_ASSET), "w") as file:
        file.write(labels.to_json(spec.mood_names))
    write_preprocessing(spec, weights, folder, locator)
