"""A version appears in the serving folder whole or not at all, and above all others."""

import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.pusher import versions
from components.pusher.versions import PushedModel, push_version
from schemas.errors import ConfigError
from system import files, manifest, pushed_versions


def make_model(folder: Path, graph: bytes = b"graph") -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(graph)
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def named(name: str, second: int = 1) -> PushedModel:
    return PushedModel(f"/out/pipeline/Trainer/model/{name}", second * 1000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_model(tmp_path / "other", b"other")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "serving" / "pet_mood"


def numbers(base: Path) -> list[int]:
    return pushed_versions.version_numbers(base)


def test_a_push_that_breaks_off_leaves_the_serving_folder_as_it_was(
    base: Path, source: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_version(source, base, named("1"), 1)

    def half_a_copy(start: Path, target: Path) -> None:
        target.mkdir(parents=True)
        (target / "saved_model.pb").write_bytes(b"graph")
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", half_a_copy)
        with pytest.raises(OSError, match="full"):
            push_version(other, base, named("2"), 2)
    assert numbers(base) == [1]
    assert not base.with_name("pet_mood.partial").exists()

    assert push_version(other, base, named("2"), 2).version == 2
    assert numbers(base) == [1, 2]
    assert (base / "2" / "variables" / "variables.index").read_bytes() == b"index"


def test_a_server_that_polls_never_sees_a_version_grow(
    base: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    copy = shutil.copy2

    def slow_copy(*arguments: Any, **options: Any) -> Any:
        seen.append(sorted(path.name for path in base.glob("*")))
        return copy(*arguments, **options)

    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, slow_copy, False, False))
    push_version(source, base, named("7"), 7)
    assert seen == [[], []]
    assert sorted(p.name for p in (base / "7").iterdir()) == [
        "SHA256SUMS",
        "saved_model.pb",
        "variables",
    ]
    assert [path.name for path in base.iterdir()] == ["7"]


def test_a_model_that_was_pushed_is_not_pushed_again(base: Path, source: Path) -> None:
    first = push_version(source, base, named("1"), 1)
    before = (base / "1").stat().st_mtime_ns
    again = push_version(source, base, named("1"), 1)
    assert (first.is_new, again) == (True, first._replace(is_new=False))
    assert (base / "1").stat().st_mtime_ns == before
    assert numbers(base) == [1]


def test_a_later_model_has_a_higher_version_when_the_clock_was_set_back(
    base: Path, source: Path, other: Path
) -> None:
    assert push_version(source, base, named("1"), 1763900000).version == 1763900000
    push = push_version(other, base, named("2"), 1763800000)
    assert push.version == 1763900001
    assert (base / "1763900001" / "saved_model.pb").read_bytes() == b"other"
    # The first is still what it was, whatever order they are pushed in.
    assert push_version(source, base, named("1"), 1763900000).version == 1763900000


def test_two_models_of_one_second_are_two_versions(base: Path, source: Path, other: Path) -> None:
    assert push_version(source, base, named("1"), 5).version == 5
    assert push_version(other, base, named("2"), 5).version == 6
    # Also of equal content: who trains a model again and pushes it expects it to be served.
    assert push_version(source, base, named("3"), 5).version == 7
    assert [push_version(source, base, named(name), 5).version for name in ("1", "3")] == [5, 7]


def test_the_number_of_a_version_that_is_gone_is_not_given_again(
    base: Path, source: Path, other: Path
) -> None:
    push_version(source, base, named("1"), 5)
    push_version(other, base, named("2"), 6)
    shutil.rmtree(base / "6")
    shutil.rmtree(base / "5")
    assert push_version(make_model(base.parent / "third", b"3"), base, named("3"), 1).version == 7
    # 5 may still be what a server or a table of answers calls the first.
    assert push_version(source, base, named("1"), 5).version == 8


def test_the_highest_version_comes_back_under_its_number(base: Path, source: Path) -> None:
    pushed = push_version(source, base, named("1"), 5)
    shutil.rmtree(base / "5")
    assert push_version(source, base, named("1"), 5) == pushed
    shutil.rmtree(base / "5")
    (source / "saved_model.pb").write_bytes(b"changed")
    assert push_version(source, base, named("1"), 5).version == 6


def test_a_number_that_a_killed_push_had_taken_is_the_same_models(
    base: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(partial: Path, path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(versions, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            push_version(source, base, named("1"), 5)
    assert (numbers(base), len(pushed_versions.read_history(base))) == ([], 1)
    assert push_version(source, base, named("1"), 5).version == 5
    assert len(pushed_versions.read_history(base)) == 1


def test_a_folder_that_appears_meanwhile_is_not_replaced(
    base: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late_put(partial: Path, path: Path) -> None:
        if not base.joinpath("5").exists():
            make_model(base / "5", b"of another machine")
        files.put(partial, path)

    monkeypatch.setattr(versions, "put", late_put)
    assert push_version(source, base, named("1"), 5).version == 6
    assert (base / "5" / "saved_model.pb").read_bytes() == b"of another machine"
    assert pushed_versions.check_version(base / "6") is not None


def push_in_a_process(source: Path, base: Path, name: str, second: int) -> None:
    push_version(source, base, named(name), second)


@pytest.mark.slow
def test_pushes_at_the_same_time_all_get_a_version_of_their_own(tmp_path: Path, base: Path) -> None:
    context = multiprocessing.get_context("fork")
    sources = [make_model(tmp_path / f"model-{n}", b"%d" % n) for n in range(6)]
    # One of them comes by a link.
    base.mkdir(parents=True)
    (tmp_path / "link").symlink_to(base)
    processes = [
        context.Process(
            target=push_in_a_process,
            args=(source, tmp_path / "link" if n == 0 else base, str(n), 5),
        )
        for n, source in enumerate(sources)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 6
    assert numbers(base) == [5, 6, 7, 8, 9, 10]
    graphs = {path.read_bytes() for path in base.glob("*/saved_model.pb")}
    assert graphs == {b"%d" % n for n in range(6)}
    assert all(pushed_versions.check_version(path) for path in base.iterdir())


def test_what_is_no_number_is_none_and_half_a_version_counts(base: Path, source: Path) -> None:
    for name in ("20261231", "9223372036854775808", "latest", "30000000.partial"):
        (base / name).mkdir(parents=True)
    assert push_version(source, base, named("1"), 5).version == 20261232


def test_where_no_higher_number_is_left_the_push_is_refused(base: Path, source: Path) -> None:
    (base / "9223372036854775807").mkdir(parents=True)
    with pytest.raises(ConfigError, match="at most 9223372036854775807"):
        push_version(source, base, named("1"), 5)
    assert [path.name for path in base.iterdir()] == ["9223372036854775807"]


def test_a_version_that_has_changed_is_refused_and_not_called_pushed(
    base: Path, source: Path
) -> None:
    push_version(source, base, named("1"), 5)
    (base / "5" / "variables" / "variables.index").write_bytes(b"Index")
    with pytest.raises(ConfigError, match=r"variables/variables\.index changed"):
        push_version(source, base, named("1"), 5)
    assert numbers(base) == [5]


def test_a_model_that_has_changed_is_refused_and_not_called_pushed(
    base: Path, source: Path
) -> None:
    push_version(source, base, named("1"), 5)
    (source / "saved_model.pb").write_bytes(b"Graph")
    with pytest.raises(ConfigError, match=r"must not change.*saved_model\.pb of /out/pipeline"):
        push_version(source, base, named("1"), 5)
    assert numbers(base) == [5]


def test_a_version_of_an_earlier_state_stays_the_models(
    base: Path, source: Path, other: Path
) -> None:
    make_model(base / "5")
    assert push_version(source, base, named("1"), 5) == (5, None, False)
    assert push_version(other, base, named("2"), 5).version == 6


def test_a_version_is_completed_before_it_is_seen(base: Path, source: Path) -> None:
    def complete(staged: Path) -> None:
        assert not (base / "3").exists()
        (staged / "more").write_bytes(b"more")

    push = push_version(source, base, named("3"), 3, complete)
    assert (base / "3" / "more").read_bytes() == b"more"
    assert "more" in manifest.read((base / "3" / manifest.FILE).read_bytes(), "")
    assert manifest.check(base / "3") == push.manifest_sha256
    # What the push has added is no change of the model.
    assert push_version(source, base, named("3"), 3, complete).is_new is False


def test_a_version_that_cannot_be_completed_is_not_pushed(base: Path, source: Path) -> None:
    def refuse(staged: Path) -> None:
        raise RuntimeError(f"{staged.name} is not sound")

    with pytest.raises(RuntimeError, match="3 is not sound"):
        push_version(source, base, named("3"), 3, refuse)
    assert list(base.iterdir()) == []
    assert pushed_versions.read_history(base) == []


def test_the_history_says_what_each_version_is_a_copy_of(base: Path, source: Path) -> None:
    push = push_version(source, base, named("1", 5), 5)
    (line,) = base.with_name("pet_mood.versions.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "version": 5,
        "manifest_sha256": push.manifest_sha256,
        "model": "/out/pipeline/Trainer/model/1",
        "created": 5000,
    }
