"""The demo's command with wrong settings: an error before a model is loaded."""

import importlib.util
import socket
from typing import Any

import pytest
from starlette.testclient import TestClient

import demo
from client.backends import tf_serving
from system.web import server
from testing.paths import ROOT
from testing.webdemo.fake_model import FakeModel
from webdemo import command
from webdemo.limits import Limits


@pytest.fixture
def extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the command find the extra packages, which none of these tests needs."""
    find_spec = importlib.util.find_spec

    def find(name: str, *rest: Any) -> Any:
        return object() if name in ("starlette", "uvicorn", "httptools") else find_spec(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_without_the_extra_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert demo.main(["--weight_path", "W"]) == 2
    message = capfd.readouterr().err
    assert "Missing: starlette, uvicorn, httptools" in message
    install = "uv sync --inexact --extra demo"
    assert install in message
    assert "\ndemo = [" in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--weight_path", "W"], "--weight_path W does not exist"),
        (["--server", "localhost"], "--server must name a server"),
        (["--server", "http://h", "--timeout", "0"], "--timeout must be above 0 seconds"),
        (["--server", "http://h", "--port", "-1"], "free port in 0..65535. Received: 127.0.0.1"),
        (["--server", "http://h", "--port", "65536"], "free port in 0..65535"),
        (["--server", "http://h", "--host", "203.0.113.1"], "must be an address of this machine"),
    ],
)
@pytest.mark.usefixtures("extra")
def test_wrong_settings_are_2(
    flags: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(flags) == 2
    assert message in capfd.readouterr().err


@pytest.mark.usefixtures("extra")
def test_a_port_that_is_taken_is_2(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert demo.main(["--server", "http://h", "--port", port]) == 2
    assert f"Received: 127.0.0.1 and {port}" in capfd.readouterr().err


@pytest.mark.usefixtures("extra")
def test_a_server_that_is_down_is_3(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf_serving, "ATTEMPTS", 1)
    assert demo.main(["--server", "http://127.0.0.1:9", "--timeout", "2", "--port", "0"]) == 3
    assert "error: " in capfd.readouterr().err


@pytest.mark.parametrize(
    "name", ["http://a", "a:80", "*", "*.a", "", "a b", ".a", "a/b", "[a]", "a\n", "1.2.3.4:5"]
)
@pytest.mark.usefixtures("extra")
def test_a_host_to_allow_must_be_a_bare_name(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--server", "http://h", "--allow-host", name]) == 2
    message = capfd.readouterr().err
    assert "--allow-host must be a name or an IP address" in message
    assert f"Received: {name!r}. Give one such as demo.example.org" in message


@pytest.mark.parametrize(
    ("host", "allowed", "warned", "shown"),
    [
        ("127.0.0.1", ("A.example", "[0::1]"), False, "http://127.0.0.1:"),
        ("localhost", (), False, "http://127.0.0.1:"),
        ("0.0.0.0", (), True, "http://127.0.0.1:"),
    ],
)
@pytest.mark.usefixtures("extra")
def test_who_can_reach_the_page_is_told_and_let_in(
    host: str,
    allowed: tuple[str, ...],
    warned: bool,
    shown: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command up to its server, which is replaced by one request to the application."""
    statuses = {}

    def serve(application: Any, listener: socket.socket, limits: Limits, respond: object) -> None:
        for name in (host, "a.example", "[::1]:1", "b.example"):
            response = TestClient(application, "http://127.0.0.1").get("/", headers={"Host": name})
            statuses[name] = response.status_code

    monkeypatch.setattr(server, "serve_until_stopped", serve)
    monkeypatch.setattr(command, "load_model", lambda streams, source: FakeModel())
    flags = [word for name in allowed for word in ("--allow-host", name)]
    assert demo.main(["--server", "http://h", "--port", "0", "--host", host, *flags]) == 0
    written = capfd.readouterr()
    assert written.out.startswith(f"Open {shown}")
    assert ("warning: --host" in written.err, "경고: --host" in written.err) == (warned, warned)
    assert statuses == {
        host: 200,
        "a.example": 200 if allowed else 421,
        "[::1]:1": 200,
        "b.example": 421,
    }
