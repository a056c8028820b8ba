"""Who is let in, and the headers of every answer."""

from pathlib import Path

import anyio
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from system.web.guard import SECURITY_HEADERS, host_name
from system.web.outcomes import OutcomeCounts
from testing.webdemo.fake_model import PHOTO, FakeModel
from webdemo import app
from webdemo.app import create_app


def client(
    *allowed: str, base: str = "http://127.0.0.1", log: OutcomeCounts | None = None
) -> TestClient:
    return TestClient(create_app(FakeModel(), allowed, log=log), base)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:7860", "localhost", "LocalHost:1", "localhost.", "[::1]", "[::1]:7860",
     "[0:0:0:0:0:0:0:1]:7860", "demo.example", "Demo.Example:8443", "192.0.2.7:80"],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/model"), ("POST", "/ask")])
def test_a_request_to_one_of_its_names_is_answered(host: str, method: str, path: str) -> None:
    response = client("demo.example", "192.0.2.7").request(
        method, path, content=PHOTO, headers={"Host": host}
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "evil.example#127.0.0.1",
     "127.0.0.1@evil.example", "localhost@evil.example:80", "127.0.0.1:80:80", "127.0.0.1, evil",
     "10.0.0.1", "[::2]", "[::1", "::1", "[localhost]", "localhost..", "xlocalhost", "0.0.0.0", "",
     " ", "localhost:x", "2130706433"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/model"), ("GET", "/page/page.js"), ("POST", "/ask")],
)
def test_a_request_to_any_other_name_is_refused(host: str, method: str, path: str) -> None:
    log = OutcomeCounts()
    response = client(log=log).request(method, path, content=PHOTO, headers={"Host": host})
    assert (response.status_code, response.json()["error"]) == (421, "foreign_host")
    assert log.counts == {"foreign_host": 1}


@pytest.mark.parametrize("hosts", [[], [b"127.0.0.1", b"evil.example"]])
def test_several_hosts_or_none_are_refused(hosts: list[bytes]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    headers = [(b"host", host) for host in hosts]
    scope = {"type": "http", "method": "GET", "path": "/model", "headers": headers}
    anyio.run(create_app(FakeModel()), scope, receive, send)
    assert sent[0]["status"] == 421


def test_the_address_that_a_connection_has_reached_is_a_name_too() -> None:
    """With --host 0.0.0.0 the address is one of many; TestClient connects to its base address."""
    assert client(base="http://192.0.2.9:7860").get("/model").status_code == 200
    refused = client(base="http://192.0.2.9:7860").get("/model", headers={"Host": "192.0.2.8"})
    assert refused.status_code == 421
    assert client(base="http://evil.example").get("/model").status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "[::1]:7860", "Origin": "http://[::1]:7860"},
        {"Host": "Demo.Example", "Origin": "https://demo.example"},  # TLS ends at a proxy.
    ],
)
@pytest.mark.parametrize("path", ["/ask", "/heat?mood=공포"])
def test_the_page_and_programs_are_answered(headers: dict[str, str], path: str) -> None:
    response = client("demo.example").post(path, content=PHOTO, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://evil.example/127.0.0.1"},
        {"Origin": "127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "same-origin, cross-site"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/ask", "/heat?mood=공포"])
def test_another_pages_request_is_refused_before_the_model_works(
    headers: dict[str, str], path: str
) -> None:
    model = FakeModel()
    response = TestClient(create_app(model), "http://127.0.0.1").post(
        path, content=PHOTO, headers={"Content-Type": "text/plain", **headers}
    )
    assert (response.status_code, response.json()["error"]) == (403, "cross_site")
    assert model.calls == []


def test_a_link_from_another_page_opens_this_one() -> None:
    assert client().get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("HEAD", "/", {}, 200),
        ("GET", "/page/page.js", {}, 200),
        ("GET", "/page/page.js", {"Range": "bytes=0-3"}, 206),
        ("GET", "/page/page.js", {"Range": "bytes=9999999-"}, 416),
        ("GET", "/model", {}, 200),
        ("POST", "/ask", {}, 422),
        ("POST", "/ask", {"Content-Length": "99999999999"}, 413),
        ("POST", "/heat", {}, 422),
        ("POST", "/ask", {"Origin": "null"}, 403),
        ("GET", "/", {"Host": "evil"}, 421),
        ("GET", "/nothing", {}, 404),
        ("OPTIONS", "/ask", {}, 405),
    ],
)
def test_every_answer_has_the_security_headers(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    response = client().request(method, path, headers=headers)
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_an_exception_outside_of_the_endpoints_gets_them_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "_FILES", tmp_path)  # page.html is not there.
    log = OutcomeCounts()
    response = client(log=log).get("/")
    assert (response.status_code, response.json()["error"]) == (500, "unexpected_error")
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert str(tmp_path) not in response.text
    assert str(tmp_path) in capsys.readouterr().err
    assert log.counts == {"unexpected_error": 1}


def test_the_page_may_load_and_send_from_and_to_its_own_server_only() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert not any(word in policy for word in ("unsafe", "http", "*", "nonce"))


def test_names_are_spelled_in_one_way() -> None:
    assert [host_name(text) for text in ("A.b:1", "[::FFFF:192.0.2.1]", "[::1%eth0]", "a b")] == [
        "a.b",
        "192.0.2.1",
        None,
        None,
    ]
