"""The request log: its rows, its files, its process, and what a full disk does."""

import datetime
import io
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from gateway.entry.app import create_app
from gateway.log.entries import Entry, encoded, read_entry
from gateway.log.feed import check_folder
from gateway.log.files import SCHEMA, delete_old, write_file
from gateway.log.rows import measured, rows_of
from gateway.log.writer import Writer
from gateway.settings import LogSettings
from schemas import request_log as columns
from schemas.errors import ConfigError
from system.parquet import read_table
from testing.gateway import fake_upstream
from testing.gateway.fake_upstream import NEW_OUTPUTS, PHOTO, ROW, FakeUpstream
from testing.gateway.running import running
from testing.webdemo.running import wait_until

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)


def entry(rows: list[Any], boxes: list[Any], photos: list[bytes | None]) -> Entry:
    return {
        "time": NOW.timestamp(),
        "request_id": "0123",
        "route": "mood",
        "model": "pet_mood",
        "version": 7,
        "signature": "serve_box",
        "seconds": 0.25,
        "rows": rows,
        "boxes": boxes,
        "photo_bytes": [None if photo is None else len(photo) for photo in photos],
    }


def logged(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob(columns.FILES))
    tables = [read_table(str(file), list(columns.COLUMNS)) for file in files]
    return [row for table in tables for row in table.to_pylist()]


def test_a_row_has_numbers_and_words_only_unless_photos_are_asked_for() -> None:
    one = entry([ROW], [[0, 0, 40, 30]], [PHOTO])
    (row,) = rows_of(one, [PHOTO], LogSettings(box_margin=0.0))
    assert set(row) == set(columns.COLUMNS)
    assert row["photo"] is None
    assert (row["time"], row["version"], row["mood"], row["status"]) == (NOW, 7, ROW["mood"], "ok")
    assert (row["format"], row["height"], row["width"]) == ("PNG", 40, 60)
    assert (row["box_source"], row["box"], row["box_area"]) == ("given", [0, 0, 40, 30], 0.5)
    # The box is the red half: its grey level is 76 of 255 (0.299 of 255, rounded), and even.
    assert row["brightness"] == pytest.approx(76 / 255)
    assert row["contrast"] == pytest.approx(0, abs=1e-6)
    assert row["sharpness"] == 0
    assert (row["mood_id"], row["unsure"], row["found"]) == (None, None, None)

    (row,) = rows_of(one, [PHOTO], LogSettings(photos=True))
    assert row["photo"] == PHOTO


def test_outputs_of_newer_servables_are_in_the_row_and_their_box_is_measured() -> None:
    found = ROW | NEW_OUTPUTS | {"box": [0, 30, 40, 30]}
    (row,) = rows_of(entry([found], [None], [PHOTO]), [PHOTO], LogSettings(box_margin=0.0))
    assert {name: row[name] for name in NEW_OUTPUTS} == {**NEW_OUTPUTS, "box": [0, 30, 40, 30]}
    assert row["brightness"] == 0  # The black half.


def test_a_photo_that_cannot_be_decoded_has_the_facts_that_are_known() -> None:
    facts = measured(PHOTO[:60], None, LogSettings())
    assert (facts.format, facts.brightness) == ("PNG", None)
    assert measured(b"no photo", None, LogSettings()) == ("",) + (None,) * 6
    # The model's status says that a box lies outside; nothing is measured.
    assert measured(PHOTO, [500, 500, 5, 5], LogSettings()).brightness is None


def test_entries_go_through_a_pipe_whole_or_not_at_all() -> None:
    one = entry([ROW, ROW], [None, None], [b"abc", None])
    data = encoded(one, [b"abc"])
    pipe = io.BytesIO(data + data[:-1])
    assert read_entry(pipe) == (one, [b"abc", None])
    assert read_entry(pipe) is None
    assert read_entry(io.BytesIO(b"\0\0")) is None
    with pytest.raises(ValueError, match="bytes"):
        read_entry(io.BytesIO(b"\xff\xff\xff\xff"))


def test_old_files_are_deleted_and_then_the_oldest_beyond_the_size(tmp_path: Path) -> None:
    rows = [dict.fromkeys(columns.COLUMNS)]
    days = [0, 1, 2, 40]
    paths = [write_file(tmp_path, rows, NOW - datetime.timedelta(days=day)) for day in days]
    size = paths[0].stat().st_size
    other = tmp_path / "requests-of-somebody.parquet"
    other.write_bytes(b"x")
    assert delete_old(tmp_path, LogSettings(days=30), NOW) == 1
    assert not paths[3].exists()
    limit = max(1 << 16, 2 * size + 1)
    for path in paths[:3]:
        os.truncate(path, limit // 2)
    assert delete_old(tmp_path, LogSettings(max_bytes=limit), NOW) == 1
    assert [path.exists() for path in paths] == [True, True, False, False]
    assert other.exists()


def test_a_file_is_for_this_account_alone(tmp_path: Path) -> None:
    path = write_file(tmp_path, [dict.fromkeys(columns.COLUMNS)], NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SCHEMA.names == list(columns.COLUMNS)


def test_rows_are_written_when_there_are_enough_or_after_some_time(tmp_path: Path) -> None:
    told = io.BytesIO()
    settings = LogSettings(folder=str(tmp_path / "log"), rows=2, seconds=0.05)
    writer = Writer(settings, told)
    assert writer.seconds_left is None
    writer.add(entry([ROW], [None], [None]), [None])
    assert not told.getvalue()
    writer.add(entry([ROW], [None], [None]), [None])
    assert json.loads(told.getvalue()) == {"outcome": "written", "rows": 2, "reason": ""}
    writer.add(entry([ROW], [None], [None]), [None])
    assert 0 < (writer.seconds_left or 0) <= 0.05
    time.sleep(0.06)
    assert writer.seconds_left == 0
    assert len(logged(tmp_path / "log")) == 2


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"log\.folder"):
        check_folder(LogSettings(folder=str(tmp_path / "file" / "log")))
    assert check_folder(LogSettings()).folder == ""


@pytest.mark.slow
def test_a_refused_photo_and_an_answer_are_logged_and_a_disk_that_fails_stops_no_answer(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "log"
    settings = LogSettings(folder=str(folder), rows=2)
    with running(lambda: fake_upstream.service(FakeUpstream(), log=settings)) as gateway:

        def post(content: bytes) -> int:
            return httpx.post(f"{gateway.address}/v1/mood", content=content).status_code

        def count(outcome: str) -> float:
            found = gateway.service.figures.log_rows.labels(outcome)
            return float(found._value.get())

        assert [post(PHOTO), post(b"no photo")] == [200, 415]
        wait_until(lambda: count("written") == 2)
        # A file in place of the folder fails as a full disk does: with an OSError.
        moved = folder.rename(tmp_path / "moved")
        folder.write_bytes(b"")
        assert [post(PHOTO), post(PHOTO)] == [200, 200]
        wait_until(lambda: count("failed") == 2)
        folder.unlink()
        # The log's process dies; another one takes its place.
        process = gateway.service.log._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: gateway.service.log._process is not process)
        assert post(PHOTO) == 200
    assert sorted(row["status"] for row in logged(moved)) == ["not_an_image", "ok"]
    assert [row["status"] for row in logged(folder)] == ["ok"]


def test_what_waits_too_long_is_left_out_and_counted() -> None:
    one = fake_upstream.service(FakeUpstream(), log=LogSettings(folder="/nowhere"))
    # The log's process does not run: nothing can be sent.
    web = TestClient(create_app(one), "http://127.0.0.1")
    assert web.post("/v1/mood", content=PHOTO).status_code == 200
    assert 'pet_mood_gateway_log_rows_total{outcome="left_out"} 1.0' in web.get("/metrics").text


def test_no_share_logs_nothing() -> None:
    one = fake_upstream.service(FakeUpstream(), log=LogSettings(folder="/nowhere", share=0.0))
    assert not one.log.wants_next()
    assert not fake_upstream.service(FakeUpstream()).log.wants_next()


def test_a_row_that_no_column_takes_is_lost_alone(tmp_path: Path) -> None:
    """A server's answers are looked at before; this is the last net of the log's process."""
    told = io.BytesIO()
    writer = Writer(LogSettings(folder=str(tmp_path), rows=1), told)
    writer.add(entry([ROW | {"mood": {"a": 1}}], [None], [None]), [None])
    writer.add(entry([ROW | {"box": "text"}], [None], [PHOTO]), [PHOTO])
    writer.add(entry([ROW], [None], [None]), [None])
    outcomes = [json.loads(line)["outcome"] for line in told.getvalue().splitlines()]
    assert outcomes == ["failed", "failed", "written"]
    assert [row["mood"] for row in logged(tmp_path)] == [ROW["mood"]]
