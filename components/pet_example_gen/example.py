"""Builds the tf.train.Example and the frames table's row of one CSV row and its crop."""

from typing import Any

import tensorflow as tf

from dataset.csv_rows import Row
from dataset.photo import Crop
from dataset.scenes import Scene
from schemas import features, frame_columns


def build_example(row: Row, crop: Crop, scene: Scene | None = None) -> tf.train.Example:
    """Returns the Example with the features of ``schemas.features``."""
    box, height, width = crop.box, crop.image_height, crop.image_width
    values: dict[str, Any] = {
        features.IMAGE: crop.jpeg,
        features.IMAGE_PATH: row.image_path,
        features.IMAGE_HEIGHT: height,
        features.IMAGE_WIDTH: width,
        features.WINDOW: list(crop.window),
        features.BOX_TOP: box.y / height,
        features.BOX_LEFT: box.x / width,
        features.BOX_BOTTOM: (box.y + box.height) / height,
        features.BOX_RIGHT: (box.x + box.width) / width,
        features.BOX_AREA: box_area(crop),
        features.BOX_ASPECT: box.width / box.height,
        features.SHARPNESS: crop.quality.sharpness,
        features.BRIGHTNESS: crop.quality.brightness,
        features.CONTRAST: crop.quality.contrast,
        features.CLIP: row.clip,
        features.SOURCE_LINE: row.line,
    }
    # Features without a value are left out.
    if row.label:
        values[features.LABEL] = row.label
    if row.species:
        values[features.SPECIES] = row.species
    if row.group:
        values[features.GROUP] = row.group
    if scene is not None:
        values[features.SCENE] = scene.jpeg
        values[features.SCENE_BOXES] = [side for box in scene.boxes for side in box]
    return tf.train.Example(
        features=tf.train.Features(
            feature={name: _feature(value) for name, value in values.items()}
        )
    )


def build_frame(row: Row, crop: Crop) -> dict[str, Any]:
    """Returns the row of the frames table, but for the place of its record in the shard."""
    return {
        frame_columns.LINE: row.line,
        frame_columns.IMAGE_PATH: row.image_path,
        frame_columns.LABEL: row.label,
        frame_columns.CLIP: row.clip,
        frame_columns.GROUP: row.group,
        frame_columns.SPECIES: row.species,
        frame_columns.PHASH: crop.phash,
        frame_columns.COLOUR: crop.colour,
        frame_columns.SHARPNESS: crop.quality.sharpness,
        frame_columns.BRIGHTNESS: crop.quality.brightness,
        frame_columns.CONTRAST: crop.quality.contrast,
        frame_columns.BOX_AREA: box_area(crop),
    }


def box_area(crop: Crop) -> float:
    """Returns the area of the box within the photo over the photo's area, (0, 1]."""
    return crop.box.height * crop.box.width / (crop.image_height * crop.image_width)


def _feature(value: bytes | str | int | float | list[int] | list[float]) -> tf.train.Feature:
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    numbers = value if isinstance(value, list) else [value]
    if any(isinstance(number, float) for number in numbers):
        return tf.train.Feature(float_list=tf.train.FloatList(value=numbers))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=map(int, numbers)))
