"""The trained network as a SavedModel that answers pictures with moods."""

import json
import os
from collections.abc import Sequence

import keras
import tensorflow as tf

from models.network import classifier
from models.network.folding import folded
from models.servable.signatures import ServingSpec, Signatures
from models.settings import NONE, ModelSettings
from schemas import artifacts, labels, signatures


def write_servable(model: keras.Model, spec: ServingSpec, weights: str, folder: str) -> None:
    """Writes a SavedModel with the signatures of ``schemas.signatures``.

    Neither Keras nor this project is needed to load it. The label map and the facts about
    preprocessing lie beside the graph as JSON; they are written first and TensorFlow writes
    ``saved_model.pb`` after the variables, so where that file is, the rest is whole.

    Args:
      model: from [n, resolution, resolution, 3] in 0..255 to float32[n, moods].
      spec: moods, resolution and box margin.
      weights: where the backbone's weights came from, for the record.
      folder: made if need be.
    """
    _write_extras(spec, weights, os.path.join(folder, signatures.EXTRAS_FOLDER))
    # A tenth to a sixth faster on a CPU; see docs/decisions/0010-fast-step.md.
    answering = folded(model)
    square = [None, spec.resolution, spec.resolution, 3]
    # One function that the signatures share: the graph holds the network once, not four times.
    network = tf.function(
        lambda pixels: answering(pixels, training=False),
        input_signature=[tf.TensorSpec(square, tf.uint8)],
        autograph=False,
    )
    answers = Signatures(network, spec)
    images = tf.TensorSpec([None], tf.string, name=signatures.IMAGE_BYTES)
    boxes = tf.TensorSpec([None, 4], tf.int64, name=signatures.BOX)
    examples = tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)
    archive = keras.export.ExportArchive()
    archive.add_endpoint(signatures.SERVE_IMAGE, answers.of_images, [images])
    archive.add_endpoint(signatures.SERVE_BOX, answers.of_boxes, [images, boxes])
    archive.add_endpoint(signatures.SERVE_EXAMPLE, answers.of_examples, [examples])
    archive.add_endpoint(signatures.SERVE_BULK, answers.of_examples_in_bulk, [examples])
    # Gradients of the activations would be saved too, for a servable that never learns.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    archive.write_out(folder, options=options, verbose=False)


def as_float32(
    model: keras.Model, settings: ModelSettings, moods: Sequence[str], run_dir: str
) -> keras.Model:
    """Returns the network as one that computes in float32 on one device, and keeps it so.

    What is served must not depend on what the training machine was fast with.

    Args:
      model: trained in any precision, under any strategy; its weights are float32.
      settings: it was built with.
      moods: in index order.
      run_dir: ``artifacts.CHECKPOINT_KERAS`` in it is written anew if the network is another.
    """
    one_device = model.distribute_strategy.num_replicas_in_sync == 1
    if model.dtype_policy.name == "float32" and one_device:
        return model
    plain = classifier.build(settings.replace(weights=NONE), len(moods))
    plain.set_weights(model.get_weights())
    plain.save(os.path.join(run_dir, artifacts.CHECKPOINT_KERAS))
    return plain


def _write_extras(spec: ServingSpec, weights: str, folder: str) -> None:
    facts = {"resolution": spec.resolution, "box_margin": spec.box_margin, "weights": weights}
    tf.io.gfile.makedirs(folder)
    for name, text in (
        (signatures.LABELS_ASSET, labels.to_json(spec.moods)),
        (signatures.SPEC_ASSET, json.dumps(facts, ensure_ascii=False)),
    ):
        with tf.io.gfile.GFile(os.path.join(folder, name), "w") as file:
            file.write(text)
