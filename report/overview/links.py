"""Links from the page to the files of its run."""

import os
import shlex
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from report.results import Results
from report.translations import Pair
from schemas import artifacts
from schemas.documents.run import Run


@dataclass(frozen=True)
class Link:
    """A file or folder: its title, the address relative to the page, and its path in words."""

    title: Pair
    address: str
    path: str


def links(record: Run, results: Results, folder: Path) -> list[Link]:
    """Returns the links to what there is; ``folder`` is where the page lies."""
    return [
        Link(title, urllib.parse.quote(relative), relative)
        for title, path in _files(record, results, folder)
        if path.exists()
        for relative in [os.path.relpath(path, folder)]
    ]


def tensorboard_command(results: Results) -> str:
    """Returns the command that shows the training's curves; "" where there are none."""
    if results.checkpoint is None:
        return ""
    log_dir = results.checkpoint.with_name(artifacts.TENSORBOARD)
    if not log_dir.is_dir():
        return ""
    # TensorBoard 2.16 needs a package that newer setuptools no longer have.
    return f'uv run --with "setuptools<81" tensorboard --logdir {shlex.quote(str(log_dir))}'


def _files(record: Run, results: Results, folder: Path) -> Iterator[tuple[Pair, Path]]:
    yield ("실행 기록", "Record of the run"), folder / "run.json"
    yield ("이 페이지의 문서", "This page as a document"), folder / "report.json"
    if record["log"]:
        yield ("전체 로그", "Full log"), Path(record["log"])
    if results.rejects_csv:
        yield ("제외된 행", "Refused rows"), results.rejects_csv
    if results.leaks_csv:
        yield ("두 분할에 함께 있는 행", "Rows that two splits share"), results.leaks_csv
    if results.checkpoint:
        yield (
            ("에포크별 학습 곡선", "Training curves by epoch"),
            results.checkpoint.with_name(artifacts.CURVES_CSV),
        )
        yield (
            ("TensorBoard 로그", "TensorBoard's logs"),
            results.checkpoint.with_name(artifacts.TENSORBOARD),
        )
        yield ("체크포인트", "Checkpoint"), results.checkpoint
    if results.metrics_json:
        yield ("모든 점수", "All scores"), results.metrics_json
    if results.predictions:
        yield ("행별 예측 (Parquet)", "Predictions by row (Parquet)"), results.predictions
    if results.pushed:
        yield ("내보낸 버전", "Pushed version"), results.pushed
    yield ("모델 카드", "Model card"), folder / "model_card.md"
