"""Columns of the gateway's request log, spelled once: a row for each photo that was asked about.

The gateway writes the files (``gateway.log``), the monitor reads them (``monitoring``). By default
there are numbers and words only: no photo, no path, no address and no token.
"""

TIME = "time"
"""timestamp: when the request came, UTC."""
REQUEST = "request_id"
"""string: a random number that the answer's header ``X-Request-Id`` has too; rows of one request
share it."""
ROUTE = "route"
"""string: "mood", "predict" (TensorFlow Serving's REST form) or "grpc"."""
MODEL = "model"
"""string: the model's name."""
VERSION = "version"
"""int64: of the model that answered; null where none did."""
SIGNATURE = "signature"
"""string: of ``schemas.signatures``; "" where no model was asked."""
SECONDS = "seconds"
"""float32: from the request's header to its answer."""

STATUS = "status"
"""string: of ``schemas.signatures``, or the word for which the gateway has refused the photo."""
MOOD = "mood"
"""string: the mood's name; "" where there is none."""
MOOD_ID = "mood_id"
"""string: the mood's English id; null where the model gives none."""
UNSURE = "unsure"
"""bool: whether the model is unsure of its answer; null where it does not say."""
PROBABILITIES = "probabilities"
"""list of float32: in the order of ``MOODS``; empty where there is no mood."""
MOODS = "moods"
"""list of string: the moods' names."""

BOX = "box"
"""list of int64: (y, x, height, width) in pixels of the upright photo, the box that was used, or
else the given one; null where there is none."""
BOX_SOURCE = "box_source"
"""string: "given", "found" or "whole"."""
FOUND = "found"
"""float32: the locator's score, [0, 1]; null where the model gives none."""

PHOTO_BYTES = "photo_bytes"
"""int64: length of the encoded photo; null for an Example."""
FORMAT = "format"
"""string: such as "JPEG"; "" where it is none that is known."""
HEIGHT, WIDTH = "height", "width"
"""int32: of the upright photo, pixels; null where they are not known."""
BOX_AREA = "box_area"
"""float32: box area over the photo's area, (0, 1]; null without a box."""
BRIGHTNESS, CONTRAST, SHARPNESS = "brightness", "contrast", "sharpness"
"""float32: of the view, as in ``schemas.frame_columns``; null where they were not measured."""
PHOTO = "photo"
"""binary: the encoded photo; null unless ``log.photos`` asks for photos."""

COLUMNS = {
    TIME: "timestamp[us, tz=UTC]",
    REQUEST: "string",
    ROUTE: "string",
    MODEL: "string",
    VERSION: "int64",
    SIGNATURE: "string",
    SECONDS: "float32",
    STATUS: "string",
    MOOD: "string",
    MOOD_ID: "string",
    UNSURE: "bool",
    PROBABILITIES: "list<float32>",
    MOODS: "list<string>",
    BOX: "list<int64>",
    BOX_SOURCE: "string",
    FOUND: "float32",
    PHOTO_BYTES: "int64",
    FORMAT: "string",
    HEIGHT: "int32",
    WIDTH: "int32",
    BOX_AREA: "float32",
    BRIGHTNESS: "float32",
    CONTRAST: "float32",
    SHARPNESS: "float32",
    PHOTO: "binary",
}
"""All columns in order, with Arrow's names of their types."""

FILES = "requests-*.parquet"
"""Pattern of the files' names; the first part that varies is the time of writing, UTC."""
