"""Names of the servable's signatures, inputs and outputs, spelled once.

Every signature takes a batch of any size and answers with the same five tensors,
one row a picture. A picture that cannot be used gets ``STATUS`` other than
``STATUS_OK``, an empty ``MOOD``, ``MOOD_INDEX`` -1 and zero ``PROBABILITIES``; the
other pictures of the batch are answered as if it were not there.
"""

SERVE_IMAGE = "serving_default"
"""Encoded whole pictures: ``IMAGE_BYTES`` string[n]."""
SERVE_BOX = "serve_box"
"""Encoded pictures with a box: ``IMAGE_BYTES`` string[n] and ``BOX`` int64[n, 4]."""
SERVE_EXAMPLE = "serve_example"
"""Serialized Examples as PetExampleGen writes them: ``EXAMPLES`` string[n]."""
SERVE_BULK = "serve_bulk"
"""The same for TFX's BulkInferrer, which breaks on texts of shape [n]: here they are [n, 1]."""

IMAGE_BYTES = "image_bytes"
"""string[n]: JPEG, PNG, GIF (first frame) or BMP. The name's ending makes TensorFlow
Serving's REST interface treat it as binary (``{"b64": ...}``)."""
BOX = "box"
"""int64[n, 4]: (y, x, height, width) in pixels of the picture as stored, EXIF ignored."""
EXAMPLES = "examples"

MOOD = "mood"
"""string[n]: the likeliest mood's name; empty unless the status is ok."""
MOOD_INDEX = "mood_index"
"""int64[n]: its index in the label map; -1 unless the status is ok."""
PROBABILITIES = "probabilities"
"""float32[n, k]: sums to 1 where the status is ok, else all 0."""
MOODS = "moods"
"""string[n, k]: the names that the probabilities belong to, the same in every row."""
STATUS = "status"
"""string[n]: one of the three below."""

STATUS_OK = "ok"
STATUS_IMAGE_UNREADABLE = "image_unreadable"
STATUS_BOX_OUTSIDE_IMAGE = "box_outside_image"

EXTRAS_FOLDER = "assets.extra"
"""Folder in the SavedModel for files that the graph does not read: TensorFlow's own name for
it (``assets`` belongs to the graph's initialisers, and holds nothing here). It is copied with
the SavedModel, and TensorFlow Serving leaves it alone."""
LABELS_ASSET = "labels.json"
"""File in ``EXTRAS_FOLDER`` that holds the label map."""
SPEC_ASSET = "preprocessing.json"
"""File in ``EXTRAS_FOLDER``: resolution, box margin, weights' source."""
