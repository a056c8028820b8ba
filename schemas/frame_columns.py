"""Column names of the Frames artifact, spelled once.

PetExampleGen writes a row for every frame that it uses: facts about the frame and its view, and no
pixels. The leak check and the reports read this table instead of two million crops, and by it the
training finds single records of a shard.
"""

LINE = "line"
"""int64: line of the row in its CSV; the header is line 1."""
IMAGE_PATH = "image_path"
"""string: the photo's path, as in the CSV."""
LABEL = "label"
"""string: the mood's name, NFC."""
CLIP = "clip"
"""string: clip of the row; the photo's path if the data have no clips."""
GROUP = "group"
"""string: the animal; empty if it is unknown."""
SPECIES = "species"
"""string: empty if it is unknown."""

PHASH = "phash"
"""uint64: perceptual hash of the view (ImageHash's ``phash``, hash size 8); the hash's first bit
is the number's highest."""
COLOUR = "colour"
"""uint32: mean colour of the view, 0xRRGGBB."""
SHARPNESS = "sharpness"
"""float32: variance of the view's Laplacian, >= 0; see ``dataset.quality``."""
BRIGHTNESS = "brightness"
"""float32: mean grey level of the view, [0, 1]."""
CONTRAST = "contrast"
"""float32: standard deviation of the view's grey levels, [0, 0.5]."""
BOX_AREA = "box_area"
"""float32: box area over the photo's area, (0, 1]."""

OFFSET = "offset"
"""int64: where the row's record begins in its TFRecord shard, bytes."""
RECORD_BYTES = "record_bytes"
"""int32: length of the serialised Example, bytes."""

CLIPPED = "clipped"
"""bool: whether the box reached past the photo's edge."""
SCENE = "scene"
"""bool: whether the row's Example has the whole photo, small; see ``schemas.features.SCENE``."""
KEY = "key"
"""string: hash of all that the row's Example depends on, but for its line, hexadecimal; a later
ingest takes the Example over where a row of its own has the same. Empty where the state of the
photo is not known."""

RECORD_OVERHEAD = 16
"""Bytes of a TFRecord beside the Example: its length (8) and two checksums (4 each)."""

COLUMNS = {
    LINE: "int64",
    IMAGE_PATH: "string",
    LABEL: "string",
    CLIP: "string",
    GROUP: "string",
    SPECIES: "string",
    PHASH: "uint64",
    COLOUR: "uint32",
    SHARPNESS: "float32",
    BRIGHTNESS: "float32",
    CONTRAST: "float32",
    BOX_AREA: "float32",
    OFFSET: "int64",
    RECORD_BYTES: "int32",
    CLIPPED: "bool",
    SCENE: "bool",
    KEY: "string",
}
"""All columns in order, with Arrow's names of their types; no value is null."""
