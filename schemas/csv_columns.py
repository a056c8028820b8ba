"""Column names of the cleaned CSV, spelled once.

The first three are required; rows that a model is asked for need no mood. The others may follow
in any order and become features of the Example where they are present.
"""

IMAGE_PATH = "image_path"
"""Path of the photo, absolute or relative to the CSV's folder or the image root."""
BBOX = "bbox"
"""Box around the animal in pixels of the upright photo: ``"y,x,height,width"``."""
LABELS = "labels"
"""Mood, in Korean, one of the label map's names."""

SPECIES = "species"
CLIP = "clip"
"""Video that the frame was taken from; rows of one clip never cross a split."""
GROUP = "group"
"""Animal that the clip shows; where given, splits are made by group, not by clip."""

FRAME = "frame"
"""Number of the frame in its video, from 0."""
TIMESTAMP = "timestamp"
"""Milliseconds from the video's start."""
WIDTH = "width"
HEIGHT = "height"
"""Of the upright photo, pixels, as the source's metadata says."""

UNLABELLED = (IMAGE_PATH, BBOX)
REQUIRED = (*UNLABELLED, LABELS)
OPTIONAL = (SPECIES, CLIP, GROUP)
"""What becomes a feature where it is present."""
PREPARED = (*REQUIRED, *OPTIONAL, FRAME, TIMESTAMP, WIDTH, HEIGHT)
"""What ``dataset.prepare`` writes; the last four are for people and for checks."""
