"""A row of the user's own data, to try a pushed model on."""

from pathlib import Path
from typing import NamedTuple

from dataset.boxes import PixelBox, parse_box
from dataset.csv_rows import read_rows
from dataset.photos.files import find_photo
from pipeline.run_inputs import RunInputs
from system.csv_files import read_dicts


class ExampleRow(NamedTuple):
    """A photo, its box and its mood in the CSV."""

    image: Path
    box: PixelBox
    mood: str


def first_used_row(inputs: RunInputs, rejects_csv: Path | None) -> ExampleRow | None:
    """Returns the first row that the ingest used; None if it used no row.

    The row is of the eval CSV where there is one, and of the train CSV otherwise.
    """
    path = inputs.eval_csv or inputs.train_csv
    refused = _refused_lines(rejects_csv, path) if rejects_csv else set()
    image_root = inputs.image_root or path.parent
    for row in read_rows(str(path)):
        if row.line not in refused:
            found = find_photo(str(image_root), row.image_path)
            image = Path(found[0]) if found else image_root / row.image_path
            return ExampleRow(image, parse_box(row.bbox), row.label)
    return None


def _refused_lines(rejects_csv: Path, source: Path) -> set[int]:
    with rejects_csv.open(encoding="utf-8", newline="") as file:
        return {int(row["line"]) for row in read_dicts(file) if Path(row["source"]) == source}
