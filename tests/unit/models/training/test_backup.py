"""Backups on the disk: the newest complete one, kills while one is written, and their keys."""

from pathlib import Path

import numpy as np
import pytest

from models.training.backup import Backups, backup_key

ARRAYS = {"model": [np.float32([[1.5, 2.5]]), np.int64(7)], "none": []}


def write(backups: Backups, *names: str) -> None:
    for name in names:
        backups.write({"name": name}, ARRAYS, [])


def name_of(backups: Backups) -> str | None:
    found = backups.newest()
    return found and found.state["name"]


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    return Backups(str(tmp_path / "backup_dir"), "abc")


def test_what_was_written_is_read(backups: Backups, tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text("epoch\n0\n", "utf-8")
    files = [str(tmp_path / name) for name in ("curves.csv", "absent.keras")]
    backups.write({"place": (3, 4), "best": None}, ARRAYS, files)
    found = backups.newest()
    assert found is not None and found.state == {"place": [3, 4], "best": None}
    assert [each.tolist() for each in found.arrays["model"]] == [[[1.5, 2.5]], 7]
    assert found.arrays["model"][1].dtype == np.int64 and found.arrays["none"] == []
    (tmp_path / "new").mkdir()
    for name in ("curves.csv", "absent.keras"):
        found.copy_file(name, str(tmp_path / "new"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["curves.csv"]


def test_the_newest_is_read_and_the_one_before_is_kept(backups: Backups) -> None:
    assert name_of(backups) is None
    write(backups, *"abcdefghijkl")  # 12 is after 9 as a number, and before it as a text.
    assert name_of(backups) == "l"
    assert sorted(path.name for path in Path(backups.folder).iterdir()) == ["11", "12"]


@pytest.mark.parametrize("broken", ["no state", "half a state", "half the arrays", "no arrays"])
def test_an_incomplete_backup_is_skipped(backups: Backups, broken: str) -> None:
    write(backups, "older", "newer")
    state, arrays = (Path(backups.folder) / "2" / name for name in ("state.json", "arrays.npz"))
    if broken == "no state":
        state.unlink()
    elif broken == "half a state":
        state.write_bytes(state.read_bytes()[:10])
    elif broken == "half the arrays":
        arrays.write_bytes(arrays.read_bytes()[: arrays.stat().st_size // 2])
    else:
        arrays.unlink()
    assert name_of(backups) == "older"
    write(backups, "newest")
    assert name_of(backups) == "newest"


def test_a_flipped_bit_in_the_weights_is_noticed(backups: Backups) -> None:
    write(backups, "older", "newer")
    arrays = Path(backups.folder) / "2" / "arrays.npz"
    content = arrays.read_bytes()
    arrays.write_bytes(content.replace(np.float32(2.5).tobytes(), np.float32(3.5).tobytes()))
    assert name_of(backups) == "older"


def test_a_kill_while_a_backup_is_written_leaves_the_one_before(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    write(backups, "older")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", stop)
        write(backups, "newer")
    assert name_of(backups) == "older"


def test_what_a_kill_has_left_of_a_backup_goes_with_the_next(backups: Backups) -> None:
    write(backups, "older")
    half = Path(backups.folder) / "7.partial"
    half.mkdir()
    (half / "arrays.npz").write_bytes(b"half")
    assert name_of(backups) == "older"
    assert [path.name for path in Path(backups.folder).iterdir()] == ["1"]


def test_the_backups_of_other_trainings_are_removed_and_ours_are_kept(backups: Backups) -> None:
    write(backups, "ours")
    write(Backups(backups.root, "def"), "theirs")
    backups.clear_others()
    assert [path.name for path in Path(backups.root).iterdir()] == [Path(backups.folder).name]
    assert name_of(backups) == "ours"


def test_the_key_is_of_settings_shards_and_base_but_not_of_folders(tmp_path: Path) -> None:
    def shard(folder: str, size: int) -> str:
        path = tmp_path / folder / "train-0.tfrecord"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
        return str(path)

    config = {"train": {"epochs": 3}, "backup_dir": "/a"}
    key = backup_key(config, [shard("run-1", 5)], None)
    assert backup_key(config | {"backup_dir": "/b"}, [shard("run-2", 5)], None) == key
    assert backup_key(config, [shard("run-3", 6)], None) != key
    assert backup_key(config | {"train": {"epochs": 4}}, [shard("run-1", 5)], None) != key
    assert backup_key(config, [shard("run-1", 5)], "/base") != key


def test_another_trainings_backup_is_not_read_and_goes_when_one_has_ended(
    backups: Backups,
) -> None:
    write(backups, "ours")
    other = Backups(backups.root, "def")
    assert name_of(other) is None
    other.clear()
    assert not Path(backups.root).exists()


def test_a_process_that_does_not_write_reads_and_leaves_all_as_it_is(
    backups: Backups, tmp_path: Path
) -> None:
    write(backups, "one", "two")
    (Path(backups.folder) / "2" / "state.json").unlink()
    before = sorted(tmp_path.rglob("*"))
    reader = Backups(backups.root, backups.key, writes=False)
    write(reader, "three")
    assert name_of(reader) == "one"
    reader.clear()
    assert sorted(tmp_path.rglob("*")) == before
