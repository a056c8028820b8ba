"""Column names of the Frames artifact, spelled once.

PetExampleGen writes a row for every frame that it uses: what is known of the frame and of the
model's view of it, and no pixels. The leak check and the reports read this instead of two
million pictures.
"""

LINE = "line"
"""int64: line of the row in its CSV, the header being line 1."""
IMAGE_PATH = "image_path"
"""string: as the CSV has it."""
LABEL = "label"
"""string: the mood's name, NFC."""
CLIP = "clip"
"""string: clip of the row; the image's path where the data has no clips."""
GROUP = "group"
"""string: the animal; empty where the data does not say."""
SPECIES = "species"
"""string: empty where the data does not say."""

PHASH = "phash"
"""uint64: perceptual hash of the model's view (ImageHash's ``phash``, hash size 8), the
hash's first bit being the number's highest."""
COLOUR = "colour"
"""uint32: mean colour of the model's view, 0xRRGGBB."""
SHARPNESS = "sharpness"
"""float32: of the model's view, as ``dataset.quality`` has it, and the next two."""
BRIGHTNESS = "brightness"
"""float32: [0, 1]."""
CONTRAST = "contrast"
"""float32: [0, 0.5]."""
BOX_AREA = "box_area"
"""float32: box area over the photo's area, (0, 1]."""

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
}
"""Every column in order, with Arrow's name of its type; no value is null."""
