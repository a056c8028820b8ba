"""A version appears in the serving folder whole or not at all."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from components.pusher.versions import push_version


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def test_a_push_that_breaks_off_leaves_the_serving_folder_as_it_was(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "serving" / "pet_mood"
    push_version(source, base, "1")

    def half_a_copy(start: Path, target: Path) -> None:
        target.mkdir(parents=True)
        (target / "saved_model.pb").write_bytes(b"graph")
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", half_a_copy)
        with pytest.raises(OSError, match="full"):
            push_version(source, base, "2")
    assert [path.name for path in base.iterdir()] == ["1"]

    push_version(source, base, "2")
    assert sorted(path.name for path in base.iterdir()) == ["1", "2"]
    assert (base / "2" / "variables" / "variables.index").read_bytes() == b"index"
    assert [path.name for path in base.parent.iterdir()] == ["pet_mood"]


def test_a_server_that_polls_never_sees_a_version_grow(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "serving" / "pet_mood"
    seen: list[list[str]] = []
    copy = shutil.copy2

    def slow_copy(*arguments: Any, **options: Any) -> Any:
        seen.append(sorted(path.name for path in base.glob("*")))
        return copy(*arguments, **options)

    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, slow_copy, False, False))
    push_version(source, base, "7")
    assert seen == [[], []]
    assert sorted(p.name for p in (base / "7").iterdir()) == ["saved_model.pb", "variables"]


def test_a_version_that_is_there_is_not_touched(tmp_path: Path, source: Path) -> None:
    base = tmp_path / "serving" / "pet_mood"
    push_version(source, base, "1")
    before = (base / "1").stat().st_mtime_ns
    push_version(source, base, "1")
    assert (base / "1").stat().st_mtime_ns == before


def test_a_version_is_completed_before_it_is_seen(tmp_path: Path, source: Path) -> None:
    base = tmp_path / "serving" / "pet_mood"

    def complete(staged: Path) -> None:
        assert not (base / "3").exists()
        (staged / "more").write_bytes(b"more")

    push_version(source, base, "3", complete)
    assert (base / "3" / "more").read_bytes() == b"more"


def test_a_version_that_cannot_be_completed_is_not_pushed(tmp_path: Path, source: Path) -> None:
    base = tmp_path / "serving" / "pet_mood"

    def refuse(staged: Path) -> None:
        raise RuntimeError(f"{staged.name} is not sound")

    with pytest.raises(RuntimeError, match="3 is not sound"):
        push_version(source, base, "3", refuse)
    assert list(base.iterdir()) == []
