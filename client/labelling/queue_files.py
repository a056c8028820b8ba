"""The queue's folder: photos, one form for each tool, and a table that leads back to the CSV.

queue.csv            each photo in order: why it was chosen, its suggestion, its own path
photos/              the photos, or links to them, named as both tools name them
label_studio.json    tasks with suggestions, and label_studio.xml the interface for them
cvat.xml             suggestions, and cvat_labels.json the labels of the task
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from client.labelling import cvat, label_studio
from client.labelling.choosing import Scored
from client.labelling.predicted import Predicted
from client.labelling.tasks import Task
from dataset.photos.files import read_photo
from dataset.photos.opening import format_of, opened
from dataset.photos.parsed import PhotoError
from dataset.settings import DataSettings
from schemas.errors import ConfigError
from system import csv_files
from system.files import whole, write_whole
from system.regular_files import open_regular

QUEUE_CSV = "queue.csv"
_PHOTOS = "photos"
_COLUMNS = (
    *("rank", "photo", "image", "clip", "chosen_as", "score", "mood", "probability"),
    *("height", "width", "bbox"),
)


class Source(NamedTuple):
    """Where a photo of the queue comes from.

    Attributes:
      image: its path in the predictions, or where the log's photo was written.
      clip: of the photo.
      height, width: of the upright photo, pixels.
    """

    image: str
    clip: str
    height: int
    width: int


def content_of(photo: Predicted, image_root: str) -> bytes | None:
    """Returns a photo's bytes; None where it cannot be read."""
    if photo.photo is not None:
        return photo.photo
    try:
        return read_photo(image_root, photo.image, DataSettings().max_image_bytes)
    except PhotoError:
        return None


def write(
    folder: Path,
    queue: Sequence[Scored],
    image_root: str,
    moods: Sequence[str],
    url: str,
    version: str,
) -> int:
    """Writes the folder and returns the number of photos that could not be read.

    Args:
      folder: must not exist.
      queue: in order.
      image_root: folder that relative paths start from.
      moods: of the label map, in index order.
      url: see ``label_studio.tasks``.
      version: of the model that suggests.

    Raises:
      ConfigError: the folder exists.
    """
    if folder.exists():
        raise ConfigError(f"--out must name a new folder. Received: {folder}, which exists")
    failed = 0
    with whole(folder) as partial:
        (partial / _PHOTOS).mkdir(parents=True)
        tasks: list[Task] = []
        with (partial / QUEUE_CSV).open("w", encoding="utf-8", newline="") as file:
            writer = csv_files.CsvWriter(file)
            writer.write(_COLUMNS)
            for scored in queue:
                task = _put(partial, len(tasks), scored, image_root)
                if task is None:
                    failed += 1
                    continue
                tasks.append(task)
                writer.write(_cells(len(tasks), task, scored, folder))
        documents = label_studio.tasks(tasks, url, version)
        write_whole(
            partial / "label_studio.json",
            json.dumps(documents, ensure_ascii=False, indent=1) + "\n",
        )
        write_whole(partial / "label_studio.xml", label_studio.interface(moods))
        write_whole(partial / "cvat.xml", cvat.annotations(tasks, moods))
        write_whole(partial / "cvat_labels.json", cvat.labels(moods))
    return failed


def _put(partial: Path, number: int, scored: Scored, image_root: str) -> Task | None:
    """Writes a photo below ``partial`` and returns its task; None where it cannot be read."""
    photo = scored.photo
    content = content_of(photo, image_root)
    if content is None:
        return None
    try:
        with opened(content, DataSettings().max_image_pixels) as one:
            height, width = one.height, one.width
    except PhotoError:
        return None
    ending = (format_of(content) or "jpeg").lower().replace("jpeg", "jpg")
    # CVAT sorts a task's photos by name, and both tools want a name once.
    name = f"{_PHOTOS}/{number:06d}.{ending}"
    target, original = partial / name, Path(os.path.abspath(os.path.join(image_root, photo.image)))
    try:
        if photo.photo is not None:
            raise OSError
        os.link(original, target)
    except OSError:  # Another disk, or no file of this machine.
        target.write_bytes(content)
    return Task(
        image=name,
        height=height,
        width=width,
        box=photo.box,
        mood=photo.mood,
        probability=max(photo.probabilities),
        kind=scored.kind,
        score=scored.score,
    )


def _cells(rank: int, task: Task, scored: Scored, folder: Path) -> tuple[object, ...]:
    photo = scored.photo
    # Photos of a log are only here.
    image = photo.image if photo.photo is None else str(folder / task.image)
    box = ",".join(map(str, task.box)) if task.box else ""
    return (
        *(rank, task.image, image, photo.clip, task.kind, f"{task.score:.6f}"),
        *(task.mood, f"{task.probability:.6f}", task.height, task.width, box),
    )


def read_sources(folder: Path) -> dict[str, Source]:
    """Returns the photos of a queue by the names that the tools know them by.

    Raises:
      ConfigError: the folder has no queue.
    """
    path = folder / QUEUE_CSV
    try:
        return dict(_sources(path))
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise ConfigError(
            f"--queue must be a folder that this command has written. Received: {folder} ({error})"
        ) from error


def _sources(path: Path) -> Iterator[tuple[str, Source]]:
    with (
        open_regular(path) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as file,
    ):
        for row in csv_files.read_dicts(file):
            yield (
                row["photo"],
                Source(row["image"], row["clip"], int(row["height"]), int(row["width"])),
            )
