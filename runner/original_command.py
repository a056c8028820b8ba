"""The original project's training command, in the words of this pipeline.

``train.py`` is its command line. What it asks for is a ``RunRequest`` like any other, and can
be typed as a ``local_runner.py`` command.
"""

import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.settings.training_choices import FULL, HEAD
from report.formatting import path_text, score_text
from runner.example_row import ExampleRow
from runner.run_record import RunRecord
from runner.run_request import RunRequest
from schemas import artifacts
from schemas.splits import TRAIN
from system.files import whole

BATCH_SIZE, RESOLUTION, LEARNING_RATE, EPOCHS = "64", "224", "5e-6", "100"
"""The original's values, as typed in its command."""
_PATIENCE = 5
"""Epochs after which the original stopped early, which its command does not say."""


@dataclass(frozen=True)
class OriginalCommand:
    """The flags of ``train.py``; numbers are texts, which the settings will check.

    Attributes:
      train, valid: CSVs; without ``valid`` a share of the clips is kept apart.
      batch_size, resolution, learning_rate, epochs: of the training.
      train_base: whether the backbone learns too; else only what lies on top of it.
      labels, image_root, output: as in ``RunRequest``.
      overrides: texts such as ``"model.weights=none"``; they win over the flags.
    """

    train: Path
    valid: Path | None = None
    batch_size: str = BATCH_SIZE
    resolution: str = RESOLUTION
    learning_rate: str = LEARNING_RATE
    epochs: str = EPOCHS
    train_base: bool = False
    labels: Path | None = None
    image_root: Path | None = None
    output: Path | None = None
    overrides: tuple[str, ...] = ()

    def request(self) -> RunRequest:
        """Returns what the pipeline is asked for."""
        return RunRequest(
            train_csv=self.train,
            eval_csv=self.valid,
            image_root=self.image_root,
            labels=self.labels,
            output=self.output,
            overrides=(
                f"train.batch_size={self.batch_size}",
                f"model.resolution={self.resolution}",
                f"train.learning_rate={self.learning_rate}",
                f"train.epochs={self.epochs}",
                f"train.early_stopping_patience={_PATIENCE}",
                f"train.fine_tune={FULL if self.train_base else HEAD}",
                *self.overrides,
            ),
        )


def local_runner_command(request: RunRequest) -> str:
    """Returns the ``local_runner.py`` command for the same request, quoted for a POSIX shell."""
    options: list[tuple[str, object]] = [
        ("--train-csv", request.train_csv),
        ("--eval-csv", request.eval_csv),
        ("--image-root", request.image_root),
        ("--labels", request.labels),
        ("--output", request.output),
        *(("--set", text) for text in request.overrides),
    ]
    arguments = [
        argument for name, value in options if value is not None for argument in (name, str(value))
    ]
    return shlex.join(["python", "local_runner.py", *arguments])


def keep_checkpoint(record: RunRecord) -> Path | None:
    """Copies this run's checkpoint to the output folder, whole or not at all.

    Returns:
      ``<output>/best.keras``; None if the run has no checkpoint.
    """
    if record.results.checkpoint is None:
        return None
    kept = record.folder / artifacts.CHECKPOINT_KERAS
    with whole(kept) as partial:
        shutil.copyfile(record.results.checkpoint, partial)
    return kept


def closing_lines(
    request: RunRequest, record: RunRecord, example: ExampleRow | None
) -> Iterator[str]:
    """Keeps the checkpoint; yields its path, its scores and a command to try it.

    Yields nothing if the run has no checkpoint.
    """
    checkpoint = keep_checkpoint(record)
    if checkpoint is None or record.settings is None:
        return
    mood_names = request.moods()
    yield ""
    yield f"  Checkpoint  {path_text(checkpoint)}"

    if (metrics := record.results.metrics) is not None:
        model, majority = metrics["model"], metrics["majority"]
        yield (
            f"  on {metrics['rows']:,} val rows: "
            f"macro-F1 {score_text(model['macro_f1'])}, accuracy {score_text(model['accuracy'])} "
            f"(always {majority['mood']}: "
            f"{score_text(majority['macro_f1'])}, {score_text(majority['accuracy'])})"
        )
    if absent := _moods_without_rows(record, mood_names):
        yield (
            f"  No train row has the label {', '.join(absent)}: the model cannot learn it. "
            "--labels FILE names the moods of your data."
        )

    command = ["uv", "run", "python", "inference.py", "--weight_path", path_text(checkpoint)]
    command += ["--input_size", str(record.settings.model.resolution)]
    command += ["--classes", str(len(mood_names))]
    if request.labels is not None:
        command += ["--label", str(request.labels)]
    if example is not None:
        box = ",".join(str(number) for number in example.box)
        command += ["--box", box, path_text(example.image)]
    yield f"  {shlex.join(command)}"


def _moods_without_rows(record: RunRecord, mood_names: Sequence[str]) -> list[str]:
    if record.results.ingest is None:
        return []
    counts = record.results.ingest["splits"][TRAIN]["moods"]
    return [name for name in mood_names if not counts.get(name)]
