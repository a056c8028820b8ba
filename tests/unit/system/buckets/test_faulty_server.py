"""Servers that fail: what passes is waited for, what does not is told with its remedy."""

import os
from collections.abc import Iterator

import pytest

from dataset.photos.files import read_photo
from dataset.photos.parsed import PhotoError
from schemas.reasons import RejectReason
from system import storage
from system.buckets import folders, stores
from testing.buckets import faulty
from testing.buckets.faulty import CONTENT, Faulty

ALWAYS = 1_000_000
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
MALFORMED = b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message></Error>"


@pytest.fixture(params=["gs", "s3"])
def path(request: pytest.FixtureRequest) -> str:
    return f"{request.param}://pet/x"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with faulty.serve() as server:
        monkeypatch.setenv(stores.GOOGLE_ENDPOINT, server.address)
        monkeypatch.setenv(stores.S3_ENDPOINTS[-1], server.address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield server


def set_up(server: Faulty, status: int, times: int, body: bytes = b"") -> None:
    server.status, server.times, server.body, server.requests = status, times, body, 0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(server: Faulty, path: str, status: int) -> None:
    set_up(server, status, 2)
    assert storage.read_bytes(path) == CONTENT
    assert server.requests == 3


@pytest.mark.parametrize("times", [1, 3])
def test_a_body_that_is_cut_is_fetched_again(server: Faulty, path: str, times: int) -> None:
    server.cut = 100_000
    set_up(server, 200, times)
    assert storage.read_bytes(path) == CONTENT
    set_up(server, 200, times)
    with storage.open_file(path, "rb") as file:
        assert file.read() == CONTENT


def test_a_server_that_stays_busy_is_an_error_that_is_no_fault_of_a_row(
    server: Faulty, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(stores._RETRIES, "max_retries", 1)
    stores._store.cache_clear()
    set_up(server, 503, ALWAYS)
    with pytest.raises(OSError, match="503") as caught:
        storage.read_bytes(path)
    assert not isinstance(caught.value, FileNotFoundError)
    server.cut = 100_000
    set_up(server, 200, ALWAYS)
    with pytest.raises(OSError, match="body"), storage.open_file(path, "rb") as file:
        file.read()
    stores._store.cache_clear()


def test_a_bucket_that_must_not_be_written_is_told(server: Faulty, path: str) -> None:
    set_up(server, 403, ALWAYS, DENIED)
    with pytest.raises(PermissionError, match="AccessDenied"):
        storage.write_whole(path, "x")
    with pytest.raises(PermissionError):
        list(folders.objects(path))
    assert server.requests == 2


@pytest.mark.parametrize(("status", "body"), [(301, b""), (400, MALFORMED)])
def test_another_region_is_told_with_the_remedy(server: Faulty, status: int, body: bytes) -> None:
    set_up(server, status, ALWAYS, body)
    with pytest.raises(OSError, match="Set AWS_REGION to the bucket's region"):
        storage.read_bytes("s3://pet/x")


def test_a_name_too_long_for_any_bucket_is_a_missing_photo_and_not_asked_for(
    server: Faulty,
) -> None:
    # Amazon answers 400, KeyTooLongError, which would look like a fault of the server's.
    set_up(server, 400, ALWAYS)
    with pytest.raises(PhotoError, match="no name of more than 1024 bytes") as caught:
        read_photo("s3://pet", "가" * 500 + ".jpg")
    assert caught.value.reason == RejectReason.IMAGE_MISSING
    assert server.requests == 0


def test_an_answer_of_something_else_is_an_error(server: Faulty, path: str) -> None:
    set_up(server, 200, 0)
    with pytest.raises(OSError, match="invalid list response"):
        list(folders.objects(path))
