"""Where ML Metadata is kept: settings, the password, the connection, whose results are whose."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline import config
from pipeline.metadata import store
from pipeline.metadata.mysql_greeting import Greeting, GreetingError, greeting
from pipeline.metadata.settings import MetadataSettings
from pipeline.run_inputs import RunInputs
from schemas.errors import ConfigError

SERVER = ("metadata.store=mysql", "metadata.host=db", "metadata.database=mlmd", "metadata.user=pet")
HELLO = b"\n11.4.2-MariaDB\0\1\0\0\0abcdefgh\0"
"""Up to the two bytes that say what the server can do."""


def settings(*texts: str) -> MetadataSettings:
    return config.load("default", None, [*SERVER, *texts]).metadata


def inputs(output: Path) -> RunInputs:
    return RunInputs(Path("train.csv"), None, None, ("a", "b"), output)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["metadata.store=postgres"], "must be one of sqlite, mysql. Received: 'postgres'"),
        (["metadata.host=db", "metadata.port=1"], "metadata.host, metadata.port can only be set"),
        (["metadata.store=mysql", "metadata.user=pet"], "Missing: host, database"),
        ([*SERVER, "metadata.host=localhost"], "Take 127.0.0.1"),
        ([*SERVER, "metadata.port=0"], r"must lie in 1..65535. Received: 0"),
        ([*SERVER, "metadata.port=65536"], r"must lie in 1..65535. Received: 65536"),
        ([*SERVER, "metadata.retries=-1"], "must be at least 0. Received: -1"),
        ([*SERVER, "metadata.ssl_key=key.pem"], "go together"),
        ([*SERVER, "metadata.ssl_ca=/none.pem"], "must be a PEM file. Received: /none.pem"),
        ([*SERVER, "metadata.password=x"], "There is no setting 'metadata.password'"),
    ],
)
def test_wrong_settings_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load("default", None, texts)


def test_the_password_comes_from_the_variable_or_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", " a b ")
    assert settings("metadata.password_env=MINE").password() == " a b "
    (tmp_path / "secret").write_bytes(b"c \r\n")
    name = f"metadata.password_file={tmp_path / 'secret'}"
    assert settings("metadata.password_env=MINE", name).password() == "c "


def test_a_missing_password_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PET_MOOD_MYSQL_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="environment variable PET_MOOD_MYSQL_PASSWORD"):
        settings().password()
    with pytest.raises(ConfigError, match="No such file"):
        settings(f"metadata.password_file={tmp_path / 'none'}").password()
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        settings(f"metadata.password_file={tmp_path / 'binary'}").password()


def test_the_connection_has_what_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PET_MOOD_MYSQL_PASSWORD", "secret")
    (tmp_path / "ca.pem").touch()
    told = settings(
        "metadata.port=3307", "metadata.retries=9", f"metadata.ssl_ca={tmp_path}/ca.pem"
    )
    made = store.connection(told, inputs(tmp_path))
    server = made.mysql
    assert (server.host, server.port, server.database) == ("db", 3307, "mlmd")
    assert (server.user, server.password) == ("pet", "secret")
    assert server.skip_db_creation
    assert server.ssl_options.ca == f"{tmp_path}/ca.pem"
    assert made.retry_options.max_num_retries == 9
    assert "secret" not in repr(told)
    assert not store.connection(settings(), inputs(tmp_path)).mysql.HasField("ssl_options")

    local = store.connection(MetadataSettings(), inputs(tmp_path))
    assert local.sqlite.filename_uri == str(tmp_path / "metadata.sqlite")


def test_each_output_folder_keeps_a_name_of_its_own_in_a_database(tmp_path: Path) -> None:
    names = [
        store.pipeline_name(settings(), inputs(tmp_path / folder))
        for folder in ("one", "one", "other")
    ]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("pet_mood-")
    assert json.loads((tmp_path / "one" / "metadata.json").read_text()) == {
        "store": "mysql://db:3306/mlmd",
        "pipeline": names[0],
    }
    assert store.pipeline_name(MetadataSettings(), inputs(tmp_path / "file")) == "pet_mood"
    assert not (tmp_path / "file").exists()


def test_another_store_than_that_of_earlier_runs_is_refused(tmp_path: Path) -> None:
    served, filed = inputs(tmp_path / "served"), inputs(tmp_path / "filed")
    store.pipeline_name(settings(), served)
    for other in (MetadataSettings(), settings("metadata.database=mlmd2")):
        with pytest.raises(ConfigError, match="are known to ML Metadata in mysql://db:3306/mlmd"):
            store.pipeline_name(other, served)
    filed.output.mkdir()
    filed.metadata.touch()
    with pytest.raises(ConfigError, match=r"in \S+metadata.sqlite. Received: mysql://db:3306/mlmd"):
        store.pipeline_name(settings(), filed)
    assert not filed.metadata_claim.exists()


@contextmanager
def saying(sent: bytes) -> Iterator[int]:
    """A server that says one thing to one caller; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def packet(payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + b"\0" + payload


@pytest.mark.parametrize(("flags", "has_tls"), [(b"\xfe\xf7", False), (b"\0\x08", True)])
def test_a_greeting_says_whether_there_is_tls(flags: bytes, has_tls: bool) -> None:
    with saying(packet(HELLO + flags + b"rest")) as port:
        assert greeting("127.0.0.1", port, 5.0) == Greeting("11.4.2-MariaDB", has_tls)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (packet(b"\xff\x10\x04Too many connections"), "Too many connections"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it is no MySQL server"),
        (packet(HELLO + b"\0"), "it is no MySQL server"),
        (b"", "it is no MySQL server"),
    ],
)
def test_another_answer_is_no_greeting(sent: bytes, message: str) -> None:
    with saying(sent) as port, pytest.raises(GreetingError, match=message):
        greeting("127.0.0.1", port, 5.0)


def test_a_server_that_is_down_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PET_MOOD_MYSQL_PASSWORD", "secret")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told = settings("metadata.host=127.0.0.1", f"metadata.port={port}")
    with pytest.raises(ConfigError, match=rf"127.0.0.1:{port} .* Connection refused"):
        store.check(told, inputs(Path("out")))
