"""Chooses the photos of a block that are stored whole, and collects the boxes in them."""

from collections.abc import Iterable, Sequence

from components.pet_example_gen.job import ShardJob
from components.pet_example_gen.photo_source import expected_reads
from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import Row, canonical
from dataset.scenes import evenly

Boxes = tuple[PixelBox, ...]


def scene_boxes(job: ShardJob, clips: Iterable[Sequence[Row]]) -> dict[int, Boxes]:
    """Returns the boxes of each photo to store, by the line of the row whose Example gets it.

    Of each clip so many photos are chosen as the settings say, spread evenly over those that will
    be read. Several animals of a photo are several rows; the first one gets the scene, with all
    boxes that can be read, also those of rows that are refused for another cause.
    """
    if not job.settings.scenes.side_in(job.block.split):
        return {}
    chosen = {}
    for clip in clips:
        first: dict[str, int] = {}
        for row in expected_reads(job, clip):
            if _boxes([row]):
                first.setdefault(canonical(row.image_path), row.line)
        photos = [*first]
        wanted = {photos[place] for place in evenly(len(photos), job.settings.scenes.per_clip)}
        rows: dict[str, list[Row]] = {photo: [] for photo in wanted}
        for row in clip:
            if (photo := canonical(row.image_path)) in wanted:
                rows[photo].append(row)
        chosen.update({first[photo]: _boxes(rows[photo]) for photo in wanted})
    return chosen


def _boxes(rows: Iterable[Row]) -> Boxes:
    boxes = []
    for row in rows:
        try:
            boxes.append(parse_box(row.bbox))
        except BoxError:
            continue
    return tuple(dict.fromkeys(boxes))
