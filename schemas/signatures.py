"""Names of the servable's signatures, inputs and outputs, spelled once.

Every signature takes a batch of any size and returns the same seven tensors, with one row for each
photo or Example. A photo that cannot be used gets another ``STATUS`` than ``STATUS_OK``, an empty
``MOOD`` and ``MOOD_ID``, ``MOOD_INDEX`` -1, zero ``PROBABILITIES`` and a false ``UNSURE``. It does
not change the rows of the others. Servables of before have no ``MOOD_ID`` and no ``UNSURE``.
"""

SERVE_IMAGE = "serving_default"
"""Encoded photos without a box: ``IMAGE_BYTES`` string[n]."""
SERVE_BOX = "serve_box"
"""Encoded photos with a box: ``IMAGE_BYTES`` string[n] and ``BOX`` int64[n, 4]."""
SERVE_EXAMPLE = "serve_example"
"""Serialized Examples as PetExampleGen writes them: ``EXAMPLES`` string[n]."""
SERVE_BULK = "serve_bulk"
"""The same for TFX's BulkInferrer, which fails on strings of shape [n]: here they are [n, 1]."""

IMAGE_BYTES = "image_bytes"
"""string[n]: JPEG, PNG, GIF (first frame) or BMP. Because of the ending ``_bytes``, TensorFlow
Serving's REST interface treats it as binary (``{"b64": ...}``)."""
BOX = "box"
"""int64[n, 4]: (y, x, height, width) in pixels of the upright photo, as people see it: an EXIF
orientation in a JPEG or a PNG is applied."""
EXAMPLES = "examples"

MOOD = "mood"
"""string[n]: the likeliest mood's name; empty unless the status is ok."""
MOOD_ID = "mood_id"
"""string[n]: its identifier (``schemas.labels.mood_id``); empty unless the status is ok."""
MOOD_INDEX = "mood_index"
"""int64[n]: its index in the label map; -1 unless the status is ok."""
PROBABILITIES = "probabilities"
"""float32[n, k]: the sum is 1 if the status is ok; otherwise all are 0."""
MOODS = "moods"
"""string[n, k]: the moods' names in the order of the probabilities, the same in every row."""
UNSURE = "unsure"
"""bool[n]: the model does not know: the likeliest mood's probability lies below ``unsure_below`` of
``SPEC_ASSET``. False unless the status is ok."""
STATUS = "status"
"""string[n]: one of the four values below."""

STATUS_OK = "ok"
STATUS_IMAGE_UNREADABLE = "image_unreadable"
STATUS_BOX_OUTSIDE_IMAGE = "box_outside_image"
STATUS_IMAGE_TOO_LARGE = "image_too_large"
"""More pixels or bytes than ``SPEC_ASSET`` allows, or a side above 65,535 pixels; not decoded."""

EXTRAS_FOLDER = "assets.extra"
"""Folder in the SavedModel for files that the graph does not read. The name is TensorFlow's
(``assets`` is for files of the graph's initialisers, of which this graph has none). It is copied
with the SavedModel, and TensorFlow Serving ignores it."""
LABELS_ASSET = "labels.json"
"""File in ``EXTRAS_FOLDER`` that holds the label map."""
SPEC_ASSET = "preprocessing.json"
"""File in ``EXTRAS_FOLDER``: ``schemas.documents.training.Preprocessing``."""
