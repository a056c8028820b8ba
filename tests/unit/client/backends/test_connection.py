"""Tokens, TLS and proxies: what the flags and the environment add to the requests to a server."""

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
import tenacity

from client.backends import tf_serving
from client.backends.address import parse_address
from client.backends.connection import Connection, read_connection
from client.backends.errors import ServerError
from client.backends.expected_model import ExpectedModel
from client.backends.proxy import Proxy, find_proxy, is_loopback
from client.backends.tf_serving import ServingModel
from client.backends.tls import TlsFiles
from schemas.errors import ConfigError
from testing.client import certificates, forward_proxy, hostile_grpc, hostile_rest
from testing.client.certificates import Certificates
from testing.client.hostile_rest import Request, predictions, response

TOKEN = "eyJhbGciOi.s3cret-_~+/="
SCHEMES = ["http", "grpc"]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


class Seen(list[str | None]):
    """The values of the header ``Authorization`` that a server got."""


@contextlib.contextmanager
def serve(
    scheme: str, seen: Seen, files: Certificates | None = None, *, mutual: bool = False
) -> Iterator[str]:
    """A sound server; with certificates it speaks TLS."""
    if scheme == "http":

        def answer(request: Request, write: Any) -> None:
            seen.append(request.headers.get("Authorization"))
            write(response({"predictions": predictions(request.num_pictures)}))

        context = files and certificates.rest_context(files, mutual=mutual)
        with hostile_rest.serve(answer, context) as url:
            yield url
        return

    def reply(number: int, count: int, context: grpc.ServicerContext) -> Any:
        seen.append(dict(context.invocation_metadata()).get("authorization"))
        return hostile_grpc.reply(count)

    credentials = files and certificates.grpc_credentials(files, mutual=mutual)
    with hostile_grpc.serve(reply, credentials) as url:
        yield url


def connect(url: str, environment: Mapping[str, str] | None = None, **flags: Any) -> ServingModel:
    address = parse_address(url)
    token_file = flags.pop("token_file", None)
    found = read_connection(address, token_file, TlsFiles(**flags), environment or {})
    return ServingModel(address, ExpectedModel(), 10.0, found)


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


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("value", ["socks://127.0.0.1:9/", "http://127.0.0.1:9", "nonsense:x"])
def test_a_server_on_this_machine_is_asked_without_a_proxy(
    scheme: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = dict.fromkeys(
        ("all_proxy", "ALL_PROXY", "http_proxy", "https_proxy", "grpc_proxy"), value
    )
    for name in environment:
        monkeypatch.setenv(name, value)
    with serve(scheme, Seen()) as url:
        connect(url, environment)


@pytest.mark.parametrize(
    ("scheme", "variable"),
    [
        *(("http", name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")),
        *(("grpc", name) for name in ("grpc_proxy", "https_proxy", "http_proxy")),
    ],
)
def test_another_server_is_asked_through_the_proxy_that_applies(scheme: str, variable: str) -> None:
    with serve(scheme, Seen()) as url, forward_proxy.serve(url) as proxy:
        model = connect(
            f"{scheme}://serving.example:8501", {variable: f"http://al:s3cret@{proxy.address}"}
        )
        assert model.info.mood_names == hostile_rest.MOODS
    head = proxy.heads[0]
    assert b"serving.example:8501" in head.splitlines()[0]
    assert b"proxy-authorization: Basic YWw6czNjcmV0" in head.replace(b"Proxy-A", b"proxy-a")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tls_goes_through_a_proxy(scheme: str, files: Certificates) -> None:
    with serve(scheme, Seen(), files) as url, forward_proxy.serve(url) as proxy:
        secure = {"http": "https", "grpc": "grpcs"}[scheme]
        connect(f"{secure}://serving.example", {"https_proxy": proxy.address}, ca=files.ca)
    assert proxy.heads[0].startswith(b"CONNECT serving.example:443 ")


@pytest.mark.parametrize(
    ("scheme", "refusal"),
    [
        ("http", b"HTTP/1.1 503 no way\r\nContent-Length: 0\r\n\r\n"),
        ("https", b"HTTP/1.1 403 no way\r\nContent-Length: 0\r\n\r\n"),
        ("grpc", b"HTTP/1.1 403 no way\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_a_proxy_that_refuses_is_named(scheme: str, refusal: bytes) -> None:
    with forward_proxy.serve("http://127.0.0.1:9", refusal) as proxy:
        variable = "http_proxy" if scheme == "http" else "https_proxy"
        with pytest.raises(ServerError) as refused:
            connect(f"{scheme}://serving.example", {variable: f"http://a:s3cret@{proxy.address}"})
    message = str(refused.value)
    assert f"through the proxy http://{proxy.address} ({variable} in the environment)" in message
    assert "NO_PROXY" in message
    assert "s3cret" not in message


@pytest.mark.parametrize("value", ["socks5://p:1080", "socks://p", "http://", "http://p:x", "p q"])
@pytest.mark.parametrize(
    ("url", "variable"),
    [("http://h", "ALL_PROXY"), ("https://h", "https_proxy"), ("grpc://h", "http_proxy")],
)
def test_a_proxy_that_cannot_be_used_is_refused_before_any_request(
    url: str, variable: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=f"variable {variable} must name a proxy.*NO_PROXY"):
        connect(url, {variable: value})


def test_the_password_of_a_proxy_that_cannot_be_used_is_not_shown() -> None:
    with pytest.raises(ConfigError) as refused:
        connect("http://h", {"http_proxy": "socks5://al:s3cret@p:1080"})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("exceptions", "is_direct"),
    [
        ("serving.example", True),
        (".example", True),
        ("*.example", True),
        ("other, EXAMPLE ", True),
        ("*", True),
        ("serving.example:8501", True),
        ("serving.example:1", False),
        ("ving.example", False),
        ("", False),
        (",,", False),
    ],
)
def test_exceptions_by_name_go_without_a_proxy(exceptions: str, is_direct: bool) -> None:
    for scheme, proxy in (("http", "http_proxy"), ("grpc", "grpc_proxy")):
        address = parse_address(f"{scheme}://serving.example:8501")
        environment = {proxy: "p:3128", "no_proxy": exceptions}
        assert (find_proxy(address, environment) is None) is is_direct
    assert (
        find_proxy(parse_address("http://serving.example:8501"),
                   {"HTTP_PROXY": "p", "NO_PROXY": exceptions}) is None
    ) is is_direct  # fmt: skip


def test_exceptions_by_network_go_without_a_proxy() -> None:
    environment = {"http_proxy": "p", "no_proxy": "10.0.0.0/8,fd00::/8"}
    for host, is_direct in (("10.1.2.3", True), ("11.1.2.3", False), ("[fd00::1]", True)):
        assert (find_proxy(parse_address(f"http://{host}"), environment) is None) is is_direct


def test_lower_case_comes_first_and_a_port_may_be_left_out() -> None:
    address = parse_address("https://h")
    environment = {"HTTPS_PROXY": "http://a:1", "https_proxy": "b", "all_proxy": "http://c"}
    assert find_proxy(address, environment) == Proxy("https_proxy", "http://b:80")
    assert find_proxy(address, {}) is None
    # Within a web server's script HTTP_PROXY is a header of the request.
    script = {"HTTP_PROXY": "http://a:1", "REQUEST_METHOD": "POST"}
    assert find_proxy(parse_address("http://h"), script) is None


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
