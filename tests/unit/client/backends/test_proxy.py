"""Proxies: which requests go through one, and what is refused."""

import pytest

from client.backends.address import parse_address
from client.backends.errors import ServerError
from client.backends.proxy import Proxy, find_proxy
from schemas.errors import ConfigError
from testing.client import forward_proxy, hostile_rest
from testing.client.certificates import Certificates
from testing.client.sound_server import SCHEMES, Seen, connect, serve

pytestmark = pytest.mark.usefixtures("no_pauses")


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
