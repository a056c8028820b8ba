"""Tests of python -m dataset.prepare: exit codes and what is said."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from dataset.aihub.preparation import PrepareSettings
from dataset.prepare import main
from schemas.errors import ConfigError
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.tree import write_tree


def call(root: Path, out: Path, *more: str) -> int:
    return main(["--root", str(root), "--out", str(out), "--workers", "1", *more])


def small_tree(root: Path, faults: int = 1) -> Path:
    write_tree(root, TreeSettings(3, 3, frames=2, faults=faults, long_side=96, short_side=64))
    return root


def test_a_tree_with_every_fault_exits_0_and_shows_the_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(small_tree(tmp_path / "tree"), tmp_path / "out", "--check-images") == 0
    shown = capsys.readouterr().out
    for words in ("공포", "box_outside_image", "image_size_wrong", "frames without image"):
        assert words in shown


@pytest.mark.parametrize("kind", ["absent", "file", "empty", "too deep"])
def test_a_wrong_root_exits_2_and_names_the_layout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    root = tmp_path / "root"
    if kind == "file":
        root.write_text("", encoding="utf-8")
    elif kind == "empty":
        root.mkdir()
    elif kind == "too deep":
        root = small_tree(root) / "train"
    assert call(root, tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "--root" in said
    assert not (tmp_path / "out").exists()


def test_a_tree_without_label_files_exits_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tree/train/cat/labels").mkdir(parents=True)
    assert call(tmp_path / "tree", tmp_path / "out") == 3
    assert "0 label files" in capsys.readouterr().err


def test_a_tree_of_which_nothing_can_be_used_exits_3_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tree/train/cat/labels/arch"
    folder.mkdir(parents=True)
    (folder / "cat-arch-000001.json").write_text("{", encoding="utf-8")
    assert call(tmp_path / "tree", tmp_path / "out") == 3
    assert "rejects.csv" in capsys.readouterr().err
    assert "json_malformed" in (tmp_path / "out/rejects.csv").read_text("utf-8")


def test_moods_of_a_label_file_replace_the_six(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "tree", faults=0)
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"공포": 0, "놀람": 1}), encoding="utf-8")
    assert call(root, tmp_path / "out", "--labels", str(labels)) == 0
    train = json.loads((tmp_path / "out/summary.json").read_text("utf-8"))["splits"]["train"]
    # Clip 1 of 0, 1, 2 is afraid; its two frames have images.
    assert train["moods"] == {
        "공포": {"clips": 1, "frames": 2},
        "놀람": {"clips": 0, "frames": 0},
    }
    assert train["rejects"] == {"unknown_label": 2}


def test_an_unreadable_label_map_exits_2(tmp_path: Path) -> None:
    assert call(tmp_path, tmp_path / "out", "--labels", str(tmp_path / "none.json")) == 2


def test_an_out_that_is_a_file_exits_2(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("", encoding="utf-8")
    assert call(small_tree(tmp_path / "tree", faults=0), out) == 2


def test_a_second_run_on_the_same_out_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = small_tree(tmp_path / "tree", faults=0), tmp_path / "out"
    out.mkdir()
    with FileLock(out / ".prepare.lock"):
        assert call(root, out) == 2
    assert "Another run" in capsys.readouterr().err


def test_workers_below_0_are_refused() -> None:
    with pytest.raises(ConfigError, match="--workers"):
        PrepareSettings(workers=-1)


def test_the_flags_are_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = TreeSettings(3, 3, 2, 0, 96, 64, shared_animals=1)
    write_tree(tmp_path / "tree", tree)
    for flags, text in (
        ((), "Dropped from train: 1 clips with 2 frames"),
        (("--animals-in-both", "move-to-val"), "Moved to val: 1 clips with 2 frames"),
        (("--animals-in-both", "keep", "--animals-by", "day"), "All clips are kept"),
    ):
        assert call(tmp_path / "tree", tmp_path / "out", *flags) == 0
        assert text in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit) as ended:
        call(tmp_path / "tree", tmp_path / "out", "--animals-in-both", "drop")
    assert ended.value.code == 2


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_it_at_once_and_the_next_run_goes_on(tmp_path: Path, workers: int) -> None:
    root, out = tmp_path / "tree", tmp_path / "out"
    write_tree(root, TreeSettings(150, 6, 12, 0, 96, 64))
    command = [sys.executable, "-m", "dataset.prepare", "--root", root, "--out", out]
    command += ["--workers", str(workers), "--chunk-clips", "1", "--check-images"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(out.glob(".prepare/*.json")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "goes on" in said
    assert "Traceback" not in said
    # Seconds on a loaded machine; a chunk takes some milliseconds.
    assert time.monotonic() - start < 20
    finished = len(list(out.glob(".prepare/*.json")))
    assert 0 < finished < 156
    assert call(root, out, "--chunk-clips", "1", "--check-images") == 0
    assert json.loads((out / "summary.json").read_text("utf-8"))["splits"]["train"]["clips"] == 150


def test_a_label_map_that_is_a_pipe_exits_2_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels.json")
    assert call(tmp_path, tmp_path / "out", "--labels", str(tmp_path / "labels.json")) == 2
