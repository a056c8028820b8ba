"""Column names of the cleaned CSV, spelled once.

The first three columns are required, except that unlabelled rows have no labels. The others may
follow in any order; those that are present become features of the Example.
"""

IMAGE_PATH = "image_path"
"""Path of the photo, absolute or relative to the image root (default: the CSV's folder)."""
BBOX = "bbox"
"""Box around the animal in pixels of the upright photo: ``"y,x,height,width"``."""
LABELS = "labels"
"""Mood: one of the label map's names, such as 행복/즐거움."""

SPECIES = "species"
CLIP = "clip"
"""Video that the frame was taken from; all rows of a clip are in one split."""
GROUP = "group"
"""Animal that the clip shows; if it is given, all rows of a group are in one split."""

FRAME = "frame"
"""Number of the frame in its video, from 0."""
TIMESTAMP = "timestamp"
"""Milliseconds from the video's start."""
WIDTH = "width"
HEIGHT = "height"
"""Size of the upright photo, pixels, according to AI Hub's metadata."""

UNLABELLED = (IMAGE_PATH, BBOX)
REQUIRED = (*UNLABELLED, LABELS)
OPTIONAL = (SPECIES, CLIP, GROUP)
"""Columns that become features if they are present."""
PREPARED = (*REQUIRED, *OPTIONAL, FRAME, TIMESTAMP, WIDTH, HEIGHT)
"""Columns that ``dataset.prepare`` writes; the pipeline does not read the last four."""
