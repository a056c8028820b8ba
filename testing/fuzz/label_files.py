"""AI Hub's label files, as ``dataset.prepare`` reads them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dataset.aihub.chunk import process_chunk
from dataset.aihub.chunk_files import ChunkJob, read_records
from dataset.aihub.label_files import find_label_files
from schemas.labels import DEFAULT_MOODS
from schemas.prepare_reasons import PrepareReason
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.tree import write_tree


class LabelFiles:
    """The label file of a clip whose photos are there: used, or refused with a reason."""

    def __init__(self) -> None:
        self.batch_size = 1
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name, "tree")
        settings = TreeSettings(train_clips=6, val_clips=1, faults=0, long_side=128, short_side=72)
        write_tree(root, settings)
        labels = find_label_files(root).labels
        paths = [root / label.path for label in labels]
        self.sound = tuple(path.read_bytes() for path in paths)
        self._path = paths[0]
        work = Path(self._folder.name, "work")
        work.mkdir()
        self._job = ChunkJob(0, str(root), str(work), (labels[0],), (*DEFAULT_MOODS,), False, 0.05)

    def outcomes(self, inputs: Sequence[bytes]) -> list[str]:
        return [self._outcome(content) for content in inputs]

    def _outcome(self, content: bytes) -> str:
        self._path.write_bytes(content)
        process_chunk(self._job)
        (record,) = read_records(self._job)
        assert PrepareReason.UNEXPECTED_ERROR.value not in record.rejects
        # One refusal of the whole file, or one fate for each of its frames.
        frames = record.rows + record.without_image + sum(record.rejects.values())
        assert (record.clip == "" and frames == 1) or (record.clip and frames == record.annotated)
        return "used" if record.rows else "refused" if not record.clip else "no rows"
