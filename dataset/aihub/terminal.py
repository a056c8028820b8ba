"""Terminal output of a preparation: its progress, and the summary at its end."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from dataset.aihub.shared_animals import DROP, KEEP, MOVE
from system.printable import printable
from system.progress import LOGGER
from system.progress import Progress as Step
from system.terminal import shown

_LINE_INTERVAL = 10.0
"""Seconds between progress lines if the output is not a terminal."""
_SET_ASIDE = (
    "frames_without_image",
    "frames_of_refused_label_files",
    "clips_without_rows",
    "unannotated_images",
    "clips_of_unknown_animal",
)
"""Counts of the summary that the table of refused frames shows last."""


@contextmanager
def progress_on(console: Console) -> Iterator[None]:
    """Shows the reports of ``system.progress``: bars on a terminal, otherwise a line at times."""
    handler: _Bars | _Lines = _Bars(console) if console.is_terminal else _Lines(console)
    level = LOGGER.level
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(handler)
    try:
        with handler:
            yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level)


class _Bars(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
            transient=True,
        )

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def emit(self, record: logging.LogRecord) -> None:
        step: Step | None = getattr(record, "progress", None)
        if step is None:
            return
        if step.task not in self._tasks:
            total = step.total or None
            self._tasks[step.task] = self._progress.add_task(step.task, total=total, note="")
        self._progress.update(
            self._tasks[step.task], advance=step.advance, note=printable(step.note)
        )


class _Lines(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._done: dict[str, int] = {}
        self._start = self._last = time.monotonic()

    def __enter__(self) -> None:
        self._start = self._last = time.monotonic()

    def __exit__(self, *_: object) -> None:
        pass

    def emit(self, record: logging.LogRecord) -> None:
        step: Step | None = getattr(record, "progress", None)
        if step is None:
            return
        done = self._done[step.task] = self._done.get(step.task, 0) + step.advance
        now = time.monotonic()
        if now - self._last < _LINE_INTERVAL:
            return
        self._last = now
        parts = [f"{step.task}: {done:,} of {step.total:,} {step.unit}"]
        if done and step.total:
            parts.append(f"{(now - self._start) / done * (step.total - done):.0f} s left")
        line = "  ... " + ", ".join([*parts, *([step.note] if step.note else [])])
        self._console.print(shown(line))


def show_summary(console: Console, summary: dict[str, Any]) -> None:
    """Prints clips and frames by mood and split, and rejects by reason and split."""
    splits: dict[str, Any] = summary["splits"]

    used = Table(title="Used", title_justify="left")
    refused = Table(title="Refused (rejects.csv) and set aside (missing.csv)", title_justify="left")
    used.add_column("mood")
    refused.add_column("reason")
    nouns = ("clips", "frames")
    for split_name in splits:
        for noun in nouns:
            used.add_column(f"{split_name} {noun}", justify="right")
        refused.add_column(split_name, justify="right")

    for mood in next(iter(splits.values()))["moods"]:
        counts = (split["moods"][mood][noun] for split in splits.values() for noun in nouns)
        used.add_row(shown(mood), *(f"{count:,}" for count in counts))
    used.add_section()
    used.add_row("all", *(f"{split[noun]:,}" for split in splits.values() for noun in nouns))

    for reason in sorted({reason for split in splits.values() for reason in split["rejects"]}):
        counts = (split["rejects"].get(reason, 0) for split in splits.values())
        refused.add_row(shown(reason), *(f"{count:,}" for count in counts))
    refused.add_section()
    for name in _SET_ASIDE:
        refused.add_row(name.replace("_", " "), *(f"{split[name]:,}" for split in splits.values()))

    console.print(used)
    console.print(refused)
    for line in _notes(summary):
        console.print(shown(line), soft_wrap=True)


def _notes(summary: dict[str, Any]) -> Iterator[str]:
    animals = summary["animals"]
    shared = animals["animals_in_both"]
    yield (
        f"{animals['groups']:,} animals, at most {animals['most_clips_in_a_group']:,} clips each, "
        f"{animals['groups_in_both_splits']:,} of them in both splits"
    )
    if shared["animals"]:
        yield (
            f"{shared['animals']:,} animals were in both splits (shared_animals.csv). "
            + {
                DROP: f"Dropped from train: {_by_mood(shared)}",
                MOVE: f"Moved to val: {_by_mood(shared)}",
                KEEP: "All clips are kept: local_runner.py will not train on both tables",
            }[shared["policy"]]
        )
        if shared["policy"] != shared["asked"]:
            yield f"No train clip would be left with --animals-in-both {shared['asked']}"
        for mood, count in shared["moods"].items():
            if count["clips"] and not summary["splits"]["train"]["moods"][mood]["clips"]:
                yield f"No train clip is left of {mood}: see --animals-in-both"
    for row in animals["sensitivity"]:
        yield (
            f"Animals by {row['animals_by']}: {row['animals']:,}, of them in both splits "
            f"{row['animals_in_both_splits']:,}, with {row['val_frames_share']:.1%} of the val "
            f"frames and {row['train_frames_share']:.1%} of the train frames"
        )
    for title, paths in (
        ("Label files of which no folder names the split", summary["label_files_outside_splits"]),
        ("Archives that are not unpacked", summary["archives"]),
    ):
        if paths:
            yield f"{title}: {len(paths):,}, such as {paths[0]}"


def _by_mood(shared: dict[str, Any]) -> str:
    moods = ", ".join(
        f"{mood} {count['clips']:,}" for mood, count in shared["moods"].items() if count["clips"]
    )
    return f"{shared['clips']:,} clips with {shared['frames']:,} frames ({moods})"
