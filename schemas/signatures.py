"""Names of the servable's signatures, inputs and outputs, spelled once.

Every signature takes a batch of any size and returns the same tensors, with one row for each
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
orientation in a JPEG or a PNG is applied. Of the outputs it is the box that was used, cut at the
photo's edges; zeros unless the status is ok."""
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
"""string[n]: one of the values below."""
BOX_SOURCE = "box_source"
"""string[n]: where ``BOX`` comes from, one of the three values below; empty unless the status is
ok. ``BOX_SOURCE`` and ``FOUND``, and ``BOX`` as an output, are missing in servables of before they
were there, which took a photo without a box as a whole."""
FOUND = "found"
"""float32[n] in 0..1: the locator's score of the place it found, also where it is too low for an
animal; 1 where the box was given, 0 where there is no locator or the photo cannot be read."""

BOX_GIVEN = "given"
BOX_FOUND = "found"
BOX_WHOLE = "whole"
"""The photo as a whole: this servable has no locator."""
BOX_SOURCES = (BOX_GIVEN, BOX_FOUND, BOX_WHOLE)

STATUS_OK = "ok"
STATUS_IMAGE_UNREADABLE = "image_unreadable"
STATUS_BOX_OUTSIDE_IMAGE = "box_outside_image"
STATUS_NO_ANIMAL = "no_animal"
"""The locator finds no animal in the photo; it gets no mood."""
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
