"""What people have labelled, as rows of this project's CSV; what cannot be one is listed."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from client.labelling.queue_files import Source
from client.labelling.tasks import UNKNOWN_PHOTO, Labelled
from dataset.boxes import BoxError, PixelBox, clip_box
from schemas import csv_columns
from schemas.labels import normalise
from schemas.reasons import RejectReason
from system import csv_files
from system.files import whole

_COLUMNS = (
    csv_columns.IMAGE_PATH,
    csv_columns.BBOX,
    csv_columns.LABELS,
    csv_columns.CLIP,
)
_WHOLE_BOX = 1.0
"""Share of a box's side that may lie outside: what is inside is what the person meant."""


def write(
    found: Iterable[Labelled],
    sources: Mapping[str, Source],
    moods: Sequence[str],
    path: Path,
) -> tuple[int, Counter[str]]:
    """Writes the rows to ``path`` and the others to a CSV beside it, ``<name>_rejects.csv``.

    Boxes are cut at the photo's edges and rounded to whole pixels. A photo that no task of the
    export has is none of either.

    Args:
      found: of an export.
      sources: photos of the queue by the tools' names.
      moods: of the label map.
      path: of the CSV.

    Returns:
      The number of rows, and of the others by reason.
    """
    rows, reasons = 0, Counter[str]()
    rejects = path.with_name(f"{path.stem}_rejects.csv")
    with (
        whole(path) as partial,
        whole(rejects) as partial_rejects,
        partial.open("w", encoding="utf-8", newline="") as file,
        partial_rejects.open("w", encoding="utf-8", newline="") as rejects_file,
    ):
        writer, others = csv_files.CsvWriter(file), csv_files.CsvWriter(rejects_file)
        writer.write(_COLUMNS)
        others.write(("photo", "image", "reason", "detail"))
        for each in found:
            source = _source_of(each.image, sources)
            reason, detail, box = _judged(each, source, moods)
            if box is None or source is None:
                reasons[reason] += 1
                others.write((each.image, source.image if source else "", reason, detail))
                continue
            rows += 1
            text = ",".join(map(str, box))
            writer.write((source.image, text, normalise(each.label), source.clip))
    return rows, reasons


def _source_of(image: str, sources: Mapping[str, Source]) -> Source | None:
    """Returns the photo of a name; a tool may know it by more folders, or by its file's name."""
    if image in sources:
        return sources[image]
    name = image.replace("\\", "/").rpartition("/")[2]
    return sources.get(f"photos/{name}")


def _judged(
    labelled: Labelled, source: Source | None, moods: Sequence[str]
) -> tuple[str, str, PixelBox | None]:
    """Returns the box, or a reason and a detail why there is none."""
    if labelled.fault:
        return labelled.fault, "", None
    if source is None:
        return UNKNOWN_PHOTO, "the queue has no such photo", None
    if normalise(labelled.label) not in moods:
        return RejectReason.UNKNOWN_LABEL.value, repr(labelled.label), None
    edges = (labelled.top, labelled.left, labelled.bottom, labelled.right)
    if not all(map(math.isfinite, edges)):
        return RejectReason.BOX_MALFORMED.value, repr(edges), None
    top, left, bottom, right = (round(edge) for edge in edges)
    box = PixelBox(top, left, bottom - top, right - left)
    if min(box.height, box.width) < 1:
        return RejectReason.BOX_EMPTY.value, f"{box.height} x {box.width} (height x width)", None
    try:
        return "", "", clip_box(box, _WHOLE_BOX, source.height, source.width)
    except BoxError as error:
        return error.reason.value, str(error), None
