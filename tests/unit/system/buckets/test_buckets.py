"""Both kinds of bucket through servers on this machine: one meaning and one set of errors."""

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from schemas.errors import ConfigError
from system import parquet, storage
from system.arrow import pa
from system.buckets import folders, reading, stores
from system.buckets.writing import ObjectWriter
from system.parallel import in_parallel

if TYPE_CHECKING:
    from testing.buckets.google_process import GoogleCloudProcess

pytestmark = pytest.mark.slow
KOREAN = "행복 %23#?&+.jpg"


def test_what_is_written_is_read(bucket: str) -> None:
    path = f"{bucket}/{KOREAN}"
    with storage.open_file(path, "wb") as file:
        file.write(b"one\r\n")
        file.write(b"\0two")
    assert storage.read_bytes(path) == b"one\r\n\0two"
    assert storage.size(path) == 9
    storage.write_whole(path, "행복\r\n편안\n")
    with storage.open_file(path, "r") as text:
        assert list(text) == ["행복\r\n", "편안\n"]


def test_an_empty_object_is_read(bucket: str) -> None:
    storage.write_whole(f"{bucket}/empty", "")
    assert storage.read_bytes(f"{bucket}/empty") == b""
    with storage.open_file(f"{bucket}/empty", "rb") as file:
        assert file.read() == b""


@pytest.mark.parametrize("text", [False, True])
def test_an_object_whose_block_fails_does_not_appear(bucket: str, text: bool) -> None:
    path = f"{bucket}/half"
    with (
        pytest.raises(ValueError, match="in the block"),
        storage.open_file(path, "w" if text else "wb") as file,
    ):
        file.write("half" if text else b"half")
        raise ValueError("in the block")
    assert not storage.exists(path)


def test_a_missing_object_is_a_missing_file_at_once(bucket: str) -> None:
    for missing in (f"{bucket}/none", bucket.replace("/pet/", "/nobody/") + "/none"):
        with pytest.raises(FileNotFoundError, match="none"):
            storage.open_file(missing, "rb")
        with pytest.raises(FileNotFoundError, match="none"):
            storage.read_bytes(missing)
        with pytest.raises(FileNotFoundError, match="none"):
            storage.size(missing)
    with pytest.raises(FileNotFoundError, match="nobody"):
        list(folders.objects(bucket.replace("/pet/", "/nobody/")))


def test_a_server_that_is_gone_is_an_error_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(stores._RETRIES, "max_retries", 0)
    for name in (stores.GOOGLE_ENDPOINT, "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for scheme in ("gs", "s3", "minio"):
        with pytest.raises(OSError, match=r"(?i)error") as caught:
            storage.read_bytes(f"{scheme}://gone/x")
        assert "\n" not in str(caught.value)
        assert not isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("address", ["hdfs://host/x", "gs:///x", "S3://pet/x"])
def test_other_addresses_are_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(ConfigError, match="must begin with one of gs://, s3://, minio://"):
        storage.open_file(address, "rb")


def test_minio_needs_its_servers_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in stores.S3_ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL=http"):
        storage.open_file("minio://pet/x", "rb")


def test_minio_is_another_name_of_s3(amazon: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in amazon.environment().items():  # type: ignore[attr-defined]
        monkeypatch.setenv(variable, value)
    storage.write_whole("minio://pet/minio/a", "here")
    assert storage.read_bytes("s3://pet/minio/a") == b"here"


def test_a_long_object_is_read_in_order_and_by_parts(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BLOCK", 1000)
    monkeypatch.setattr(reading, "_BUFFER", 100)
    content = np.random.default_rng(0).bytes(12_345)
    with ObjectWriter(f"{bucket}/long") as file:
        file.write(content)
    with storage.open_file(f"{bucket}/long", "rb") as read:
        assert read.read(5000) == content[:5000]
        read.seek(-10, os.SEEK_END)
        assert read.read() == content[-10:]
        read.seek(3)
        assert read.read(4000) == content[3:4003]
        assert read.read() == content[4003:]


def test_no_more_is_read_than_is_allowed(bucket: str) -> None:
    storage.write_whole(f"{bucket}/long", "0123456789")
    assert storage.read_bytes(f"{bucket}/long", 4) == b"01234"
    assert storage.read_bytes(f"{bucket}/long", 10) == b"0123456789"


def test_a_parquet_file_is_read_from_its_end(bucket: str) -> None:
    path = f"{bucket}/x.parquet"
    with storage.open_file(path, "wb") as file:
        parquet.write_table(pa.table({"a": list(range(1000)), "b": ["x"] * 1000}), file)
    assert parquet.read_table(path, ["a"]).column("a").to_pylist() == list(range(1000))


def test_a_long_csv_takes_few_requests(
    google_cloud: "GoogleCloudProcess", monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in google_cloud.environment().items():
        monkeypatch.setenv(variable, value)
    lines = io.StringIO()
    csv.writer(lines).writerows([[number, "x" * 20] for number in range(20_000)])
    storage.write_whole("gs://pet/long.csv", lines.getvalue())
    before = google_cloud.requests.total()
    with storage.open_file("gs://pet/long.csv", "r") as file:
        assert sum(1 for _ in csv.reader(file)) == 20_000
    assert google_cloud.requests.total() - before == 1


def test_a_folder_of_many_objects_comes_in_pages(
    google_cloud: "GoogleCloudProcess", monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in google_cloud.environment().items():
        monkeypatch.setenv(variable, value)
    expected = [f"gs://pet/many/{number:04d}" for number in range(1100)]
    in_parallel(lambda path: storage.write_whole(path, ""), expected)
    before = google_cloud.requests["list_objects"]
    assert [path for path, _ in folders.objects("gs://pet/many")] == expected
    assert google_cloud.requests["list_objects"] - before == 2
    assert len(folders.states("gs://pet/many", 1000)) == 1000


def test_folders(bucket: str, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "below/c.csv", "c.txt"):
        storage.write_whole(f"{bucket}/{name}", name)
    assert storage.matching(f"{bucket}/*.csv") == [f"{bucket}/a.csv", f"{bucket}/b.csv"]
    assert storage.matching(f"{bucket}/none*") == []
    assert storage.matching(f"{bucket}/c.txt") == [f"{bucket}/c.txt"]
    assert folders.names(bucket) == (["below"], ["a.csv", "b.csv", "c.txt"])
    assert storage.exists(f"{bucket}/below")
    assert not storage.exists(f"{bucket}/belo")

    assert folders.download(bucket, tmp_path / "copy") == 5 + 5 + 11 + 5
    assert (tmp_path / "copy/below/c.csv").read_text() == "below/c.csv"
    folders.upload(tmp_path / "copy", f"{bucket}/again", last=["a.csv"])
    assert {
        path.removeprefix(f"{bucket}/again/") for path, _ in folders.objects(f"{bucket}/again")
    } == {"a.csv", "b.csv", "below/c.csv", "c.txt"}

    storage.remove_folder(f"{bucket}/again")
    storage.remove_folder(f"{bucket}/again")
    assert not storage.exists(f"{bucket}/again")
    assert storage.exists(f"{bucket}/a.csv")


def test_links_and_finished_files(bucket: str, tmp_path: Path) -> None:
    pairs = []
    for number in range(20):
        (tmp_path / str(number)).write_text(str(number))
        pairs.append((str(tmp_path / str(number)), f"{bucket}/put/{number}"))
    storage.put_files(pairs)
    targets = [path.replace("/put/", "/linked/") for _, path in pairs]
    storage.link_files(list(zip((path for _, path in pairs), targets, strict=True)))
    assert [storage.read_bytes(path).decode() for path in targets] == [
        str(number) for number in range(20)
    ]
    with storage.local_copy(targets[3]) as path:
        assert Path(path).read_text() == "3"
