"""Tokens, TLS and proxies: what the flags and the environment add to the requests to a server."""

import ssl
from pathlib import Path

import pytest

from client.backends.address import parse_address
from client.backends.connection import Connection, read_connection
from client.backends.errors import ServerError
from client.backends.proxy import is_loopback
from schemas.errors import ConfigError
from testing.client import certificates
from testing.client.certificates import Certificates
from testing.client.sound_server import SCHEMES, Seen, connect, serve

pytestmark = pytest.mark.usefixtures("no_pauses")

TOKEN = "eyJhbGciOi.s3cret-_~+/="


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mutual", [False, True], ids=["tls", "mutual tls"])
def test_a_token_is_sent_over_tls_to_a_server_of_the_named_authority(
    scheme: str, mutual: bool, files: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    own = {"cert": files.cert, "key": files.key} if mutual else {}
    seen = Seen()
    with serve(scheme, seen, files, mutual=mutual) as url:
        assert url.startswith(("https://", "grpcs://"))
        connect(url, token_file=tmp_path / "token", ca=files.ca, **own)
        connect(url, {"PET_MOOD_TOKEN": TOKEN, "SSL_CERT_FILE": str(files.ca)}, **own)
        connect(url, {"SSL_CERT_DIR": str(files.ca.parent)}, **own)
    assert seen == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", None]


def test_grpcs_own_variable_for_authorities_comes_before_the_common_one(
    files: Certificates, tmp_path: Path
) -> None:
    other = certificates.make(tmp_path)
    names = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": files.ca, "SSL_CERT_FILE": other.ca}
    with serve("grpc", Seen(), files) as url:
        connect(url, {name: str(path) for name, path in names.items()})


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_of_another_authority_gets_no_token(
    scheme: str, files: Certificates, tmp_path: Path
) -> None:
    other, seen = certificates.make(tmp_path), Seen()
    with serve(scheme, seen, files) as url:
        for flags in ({}, {"ca": other.ca}):
            with pytest.raises(ServerError, match=r"--ca|does not take requests"):
                connect(url, {"PET_MOOD_TOKEN": TOKEN}, **flags)
    assert seen == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_asks_for_a_certificate_refuses_who_has_none(
    scheme: str, files: Certificates
) -> None:
    with serve(scheme, Seen(), files, mutual=True) as url, pytest.raises(ServerError) as refused:
        connect(url, ca=files.ca)
    assert str(refused.value).startswith(url)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_token_may_go_to_this_machine_in_plain_text_and_nowhere_else(scheme: str) -> None:
    seen = Seen()
    with serve(scheme, seen) as url:
        connect(url, {"PET_MOOD_TOKEN": TOKEN})
    assert seen == [f"Bearer {TOKEN}"]
    with pytest.raises(ConfigError, match=r"must not be sent in plain text.*unset PET_MOOD_TOKEN"):
        connect(f"{scheme}://serving.example", {"PET_MOOD_TOKEN": TOKEN})


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a b", b"a\nb", "토큰".encode(), b"\xff", b"a\x1b[2J", b"x" * 9000]
)
def test_what_is_no_token_is_refused_and_not_shown(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        connect("https://h", token_file=tmp_path / "token")
    assert str(tmp_path / "token") in str(refused.value)
    assert "a b" not in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_token_file_must_be_a_file(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="--token-file must name a text file"):
            connect("https://h", token_file=path)


def test_the_token_is_in_no_representation(files: Certificates) -> None:
    environment = {"PET_MOOD_TOKEN": TOKEN, "https_proxy": "http://u:s3cret@proxy"}
    found = read_connection(parse_address("https://h"), environment=environment)
    assert found.token == TOKEN
    assert (found.proxy and found.proxy.password) == "s3cret"
    assert "s3cret" not in repr(found) + str(found.proxy) + f"{found.proxy!r}"


@pytest.mark.parametrize("flag", ["ca", "cert", "key"])
def test_flags_about_tls_need_an_address_with_tls(flag: str, files: Certificates) -> None:
    for scheme in SCHEMES:
        with pytest.raises(ConfigError, match=f"--{flag} needs an encrypted connection"):
            connect(f"{scheme}://h", **{flag: files.ca})


def test_files_of_tls_are_checked_before_any_request(files: Certificates, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    other = certificates.make(tmp_path / "other")
    for flags, said in (
        ({"cert": files.cert}, "--cert and --key go together"),
        ({"key": files.key}, "--cert and --key go together"),
        ({"ca": tmp_path / "none"}, "--ca must name a PEM file.*No such file"),
        ({"ca": tmp_path / "text"}, "--ca must name a PEM file.*it holds none|Received"),
        ({"ca": files.key}, "--ca must name a PEM file"),
        ({"cert": files.cert, "key": other.key}, "--cert and --key must be PEM files"),
        ({"cert": files.cert, "key": tmp_path / "none"}, "--cert and --key must be PEM files"),
    ):
        for scheme in ("https", "grpcs"):
            with pytest.raises(ConfigError, match=said):
                connect(f"{scheme}://h", **flags)


def test_an_encrypted_key_is_refused_and_not_asked_for(files: Certificates, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    (tmp_path / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    with pytest.raises(ConfigError, match="the key is encrypted"):
        connect("https://h", cert=files.cert, key=tmp_path / "key")


@pytest.mark.parametrize(
    "environment",
    [
        {"SSL_CERT_FILE": "/none/ca.pem"},
        {"SSL_CERT_FILE": "/dev/null"},
        {"SSL_CERT_DIR": "/none"},
        {"SSL_CERT_DIR": "/dev/shm/"},
    ],
    ids=range(4),
)
def test_authorities_of_an_environment_that_is_gone_are_named_where_they_are_needed(
    environment: dict[str, str],
) -> None:
    (name,) = environment
    for scheme in ("https", "grpcs"):
        with pytest.raises(ConfigError, match=f"variable {name} must name .*--ca"):
            connect(f"{scheme}://h", environment)
    for scheme in SCHEMES:
        with serve(scheme, Seen()) as url:
            connect(url, environment)


# Proxies.


@pytest.mark.parametrize(
    ("name", "is_local"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("127.1", True),
        ("2130706433", True),
        ("0.0.0.0", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("serving", False),
    ],
)
def test_this_machine_is_known_by_its_names(name: str, is_local: bool) -> None:
    assert is_loopback(name) is is_local


def test_nothing_is_added_by_default() -> None:
    assert read_connection(parse_address("http://localhost"), environment={}) == Connection()


def test_the_keys_of_connections_are_not_written_where_the_environment_says(
    files: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with serve("http", Seen(), files) as url:
        connect(url, ca=files.ca)
    assert not (tmp_path / "keys").exists()
    assert ssl.create_default_context().keylog_filename == str(tmp_path / "keys")
