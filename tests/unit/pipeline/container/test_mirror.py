"""What a task keeps for its next attempt: sent while it works, whole, and removed with it."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.container import mirror
from pipeline.container.mirror import mirrored
from schemas.errors import ConfigError
from system import storage
from system.buckets import folders

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "EVERY", 0.05)


def names_in(address: str) -> list[str]:
    return sorted(name.removeprefix(f"{address}/") for name, _ in folders.objects(address))


def waits_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_changes_are_sent_while_the_task_works(bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with mirrored(folder, bucket):
        write(folder / "1/state.json", "one")
        write(folder / "2.partial/state.json", "half")
        assert waits_for(lambda: names_in(bucket) == ["1/state.json"])
        write(folder / "1/state.json", "another")
        assert waits_for(lambda: storage.read_bytes(f"{bucket}/1/state.json") == b"another")
        (folder / "2.partial").rename(folder / "2")
        assert waits_for(lambda: names_in(bucket) == ["1/state.json", "2/state.json"])
        (folder / "1/state.json").unlink()
        assert waits_for(lambda: names_in(bucket) == ["2/state.json"])


def test_the_next_attempt_has_what_was_kept_and_may_remove_it(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), mirrored(tmp_path / "a", bucket):
        write(tmp_path / "a/1/arrays.npz", "numbers")
        raise RuntimeError
    with mirrored(tmp_path / "b", bucket):
        assert (tmp_path / "b/1/arrays.npz").read_text() == "numbers"
        (tmp_path / "b/1/arrays.npz").unlink()
    assert names_in(bucket) == []


def test_what_makes_a_folder_valid_is_sent_last(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(folders, "upload_file", lambda path, address: sent.append(path.name))
    with mirrored(tmp_path / "kept", bucket):
        for name in ("budget.json", "state.json", "arrays.npz", "z.keras"):
            write(tmp_path / "1.partial" / name, name)
        (tmp_path / "kept").mkdir()
        (tmp_path / "1.partial").rename(tmp_path / "kept/1")
    assert sent == ["arrays.npz", "z.keras", "budget.json", "state.json"]


def test_a_bucket_that_takes_nothing_ends_no_task(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = iter([PermissionError("read only"), ConfigError("gone")])
    upload_file = folders.upload_file

    def refuse_twice(path: Path, address: str) -> int:
        if (error := next(errors, None)) is not None:
            raise error
        return upload_file(path, address)

    monkeypatch.setattr(folders, "upload_file", refuse_twice)
    with caplog.at_level(logging.WARNING), mirrored(tmp_path / "kept", bucket):
        write(tmp_path / "kept/1/state.json", "one")
        assert waits_for(lambda: names_in(bucket) == ["1/state.json"])
    assert "is not kept for a next attempt: read only" in caplog.text
    assert len(caplog.records) == 2
