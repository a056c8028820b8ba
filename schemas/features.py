"""Feature names of the Examples that PetExampleGen writes, spelled once.

Every Example is one row of the CSV. Sizes and box features are those of the upright photo, before
shrinking, so that the statistics describe the source data and not the crops.
"""

IMAGE = "image/encoded"
"""bytes: the crop, a 3-channel RGB JPEG."""
IMAGE_PATH = "image/path"
"""bytes: ``image_path`` as the CSV has it."""
IMAGE_WIDTH = "image/width"
"""int64: width of the upright photo, pixels."""
IMAGE_HEIGHT = "image/height"
"""int64: height of the upright photo, pixels."""

WINDOW = "crop/window"
"""int64[4]: (y, x, height, width) of the view inside the stored crop, pixels.

The surplus around the window is for random crops in training."""

BOX_TOP = "box/top"
"""float: box y over the photo's height, [0, 1]."""
BOX_LEFT = "box/left"
"""float: box x over the photo's width, [0, 1]."""
BOX_BOTTOM = "box/bottom"
"""float: box (y + height) over the photo's height, (0, 1]."""
BOX_RIGHT = "box/right"
"""float: box (x + width) over the photo's width, (0, 1]."""
BOX_AREA = "box/area"
"""float: box area over the photo's area, (0, 1]."""
BOX_ASPECT = "box/aspect"
"""float: box width over box height, > 0."""

SHARPNESS = "quality/sharpness"
"""float: variance of the view's Laplacian, squared grey levels, >= 0; see ``dataset.quality``."""
BRIGHTNESS = "quality/brightness"
"""float: mean grey level of the view, [0, 1]."""
CONTRAST = "quality/contrast"
"""float: standard deviation of the view's grey levels, [0, 0.5]."""

SCENE = "scene/encoded"
"""bytes: the whole photo, small, a 3-channel RGB JPEG; in some Examples, where there is a locator.

An Example has it if the photo was chosen for the locator; see ``dataset.scenes``."""
SCENE_BOXES = "scene/boxes"
"""float[4 m]: boxes of all animals of the photo, (top, left, bottom, right) over its sides."""

LABEL = "label"
"""bytes: the mood's name, NFC; absent in the split "unlabelled"."""
CLIP = "clip"
"""bytes: clip of the row; the photo's path if the data have no clips."""
SPECIES = "species"
"""bytes: the cell of this column; absent if it is empty or the CSV has no such column."""
GROUP = "group"
"""bytes: the cell of this column; absent if it is empty or the CSV has no such column."""
SOURCE_LINE = "source/line"
"""int64: line of the row in its CSV; the header is line 1."""

NUMERIC = (
    IMAGE_WIDTH,
    IMAGE_HEIGHT,
    BOX_TOP,
    BOX_LEFT,
    BOX_BOTTOM,
    BOX_RIGHT,
    BOX_AREA,
    BOX_ASPECT,
    SHARPNESS,
    BRIGHTNESS,
    CONTRAST,
)
"""Features that statistics and drift checks use."""

LABEL_INDEX = "label_index"
"""int64: the label's index after Transform."""

PREDICTED_MOOD = "predicted/mood"
"""bytes: ``signatures.MOOD``; this and the next four are in BulkInferrer's output."""
PREDICTED_MOOD_ID = "predicted/mood_id"
"""bytes: ``signatures.MOOD_ID``."""
PREDICTED_UNSURE = "predicted/unsure"
"""int64: ``signatures.UNSURE``, 0 or 1."""
PREDICTED_PROBABILITIES = "predicted/probabilities"
"""float[k]: ``signatures.PROBABILITIES``, in the label map's order."""
PREDICTED_STATUS = "predicted/status"
"""bytes: ``signatures.STATUS``."""
