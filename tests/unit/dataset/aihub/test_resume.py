"""Tests of dataset.aihub.preparation: a run after an interrupted one."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dataset.aihub import merge, preparation
from dataset.aihub.label_files import find_label_files
from dataset.aihub.preparation import WORK_FOLDER, PrepareSettings, prepare
from system.progress import report
from testing.aihub.tree import TreeCounts

TABLES = (*merge.TABLES, "summary.json")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def files_of(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def settings(**changes: Any) -> PrepareSettings:
    return PrepareSettings(**({"workers": 1, "chunk_clips": 5} | changes))


def stop_before_the_merge(root: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepares in chunks of a clip, until all chunks are read."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(preparation, "merge", interrupted)
        prepare(root, out, settings(chunk_clips=1))


@pytest.mark.slow
def test_the_run_after_a_killed_one_does_not_read_finished_chunks_again(
    drawn: tuple[Path, TreeCounts], tmp_path: Path, loaded: list[str]
) -> None:
    root, _ = drawn
    prepare(root, tmp_path / "whole", settings())
    loaded.clear()
    out = tmp_path / "killed"
    script = (
        "import os, sys, signal\nfrom pathlib import Path\nfrom dataset.aihub import preparation\n"
        "reports = []\n"
        "def report(*step):\n"
        "    reports.append(step)\n"
        "    len(reports) < 3 or os.kill(os.getpid(), signal.SIGKILL)\n"
        "preparation.report = report\n"
        "preparation.prepare(Path(sys.argv[1]), Path(sys.argv[2]),"
        " preparation.PrepareSettings(workers=1, chunk_clips=5))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, root, out], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "summary.json").exists()
    prepare(root, out, settings())
    # Three chunks of five label files were finished.
    remaining = find_label_files(root).labels[15:]
    assert loaded == [f"{root}/{label.path}" for label in remaining if not label.refused]
    assert files_of(out) == files_of(tmp_path / "whole")
    assert not (out / WORK_FOLDER).exists()


def test_only_the_chunk_of_a_changed_label_file_is_read_again(
    copied: Path, tmp_path: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    stop_before_the_merge(copied, out, monkeypatch)
    loaded.clear()
    path = copied / "val/cat/labels/arch/cat-arch-000042.json"
    text = path.read_text("utf-8")
    # The copied tree's files are hard links, so writing to one would change the drawn tree.
    path.unlink()
    path.write_text(text.replace('"x": ', '"x":  '), encoding="utf-8")
    prepare(copied, out, settings(chunk_clips=1))
    assert loaded == [str(path)]


def test_a_chunk_is_read_again_after_an_image_was_added(
    copied: Path, tmp_path: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    stop_before_the_merge(copied, out, monkeypatch)
    loaded.clear()
    images = copied / "val/cat/images/arch/cat-arch-000042"
    # The seventh of eight frames has no image.
    os.link(images / "frame_0_timestamp_0.jpg", images / "frame_42_timestamp_1400.jpg")
    prepare(copied, out, settings(chunk_clips=1))
    assert loaded == [str(copied / "val/cat/labels/arch/cat-arch-000042.json")]
    assert "cat-arch-000042/frame_42_timestamp_1400.jpg" in (out / "val.csv").read_text("utf-8")


def test_chunks_of_an_interrupted_run_with_other_options_are_not_reused(
    drawn: tuple[Path, TreeCounts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = drawn
    prepare(root, tmp_path / "whole", settings(check_images=True))
    calls = []

    def interrupting(*step: Any) -> None:
        calls.append(step)
        report(*step)
        if len(calls) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(preparation, "report", interrupting)
    with pytest.raises(KeyboardInterrupt):
        prepare(root, tmp_path / "other", settings())
    prepare(root, tmp_path / "other", settings(check_images=True))
    assert files_of(tmp_path / "other") == files_of(tmp_path / "whole")
