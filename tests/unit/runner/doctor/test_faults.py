"""Planted faults of a machine: each is named, with its remedy."""

import errno
import fcntl
import json
import os
import resource
import shutil
import socket
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import (
    data,
    devices,
    fonts,
    packages,
    platform_checks,
    resources,
    server,
    storage,
    variables,
    weights,
)
from runner.doctor.finding import Finding
from runner.doctor.machine import Machine

SOUND = Machine(
    system="Linux", architecture="x86_64", libc=("glibc", "2.36"), python=(3, 10), environment={}
)
Usage = namedtuple("Usage", "total used free")


def bad(findings: Iterable[Finding], state: str = "fault") -> list[Finding]:
    return [finding for finding in findings if finding.state == state]


def only(findings: Iterable[Finding], state: str = "fault") -> Finding:
    (finding,) = bad(findings, state)
    assert finding.remedy
    return finding


def planted(root: Path, **files: str) -> Machine:
    """Returns a machine whose system files are these; "__" in a name stands for "/"."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return replace(SOUND, root=root)


@pytest.mark.parametrize(
    ("machine", "check", "message", "remedy"),
    [
        (replace(SOUND, system="Darwin"), "system", "packages that fit Darwin", "container"),
        (replace(SOUND, system="Windows"), "system", "packages that fit Windows", "WSL 2"),
        (replace(SOUND, architecture="aarch64"), "processor", "on aarch64", "x86-64"),
        (replace(SOUND, libc=("", "")), "C library", "such as musl", "Debian"),
        (replace(SOUND, libc=("glibc", "2.12")), "C library", "glibc 2.17 or newer", "Debian 12"),
        (replace(SOUND, python=(3, 12)), "C library", "2.39 or newer. Received: 2.36", "pin 3.10"),
        (replace(SOUND, python=(3, 9)), "Python", "Received: 3.9", "uv run"),
        (replace(SOUND, python=(3, 14), libc=("glibc", "2.41")), "Python", "Received: 3.14", "uv"),
    ],
)
def test_a_machine_without_packages_is_named(
    machine: Machine, check: str, message: str, remedy: str
) -> None:
    finding = only(platform_checks.check(machine))
    assert finding.check == check
    assert message in finding.message
    assert remedy in finding.remedy


def test_before_the_installation_another_python_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_checks, "is_installed", lambda: False)
    found = list(platform_checks.check(replace(SOUND, python=(3, 11))))
    assert not bad(found)
    assert "takes Python 3.10" in only(found, "warning").remedy


def test_this_kind_of_machine_is_sound(tmp_path: Path) -> None:
    machine = planted(tmp_path, proc__cpuinfo="flags\t: fpu sse4_2 avx avx2\n")
    assert {finding.state for finding in platform_checks.check(machine)} == {"ok"}
    newer = replace(machine, python=(3, 13), libc=("glibc", "2.39"))
    assert {finding.state for finding in platform_checks.check(newer)} == {"ok"}


@pytest.mark.parametrize(
    ("flags", "state", "message"), [("sse4_2", "fault", "AVX"), ("avx", "warning", "not AVX2")]
)
def test_a_processor_without_the_instructions(
    flags: str, state: str, message: str, tmp_path: Path
) -> None:
    machine = planted(tmp_path, proc__cpuinfo=f"flags\t\t: fpu {flags} ht\n")
    finding = only(platform_checks.check(machine), state)
    assert (finding.check, message in finding.message) == ("processor", True)


def test_missing_packages_compiler_and_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda: False)
    machine = replace(SOUND, environment={"PATH": str(tmp_path)})
    found = list(packages.check(machine))
    assert [finding.check for finding in bad(found)] == ["packages", "compiler"]
    assert "apt install g++" in bad(found)[1].remedy
    assert [finding.check for finding in bad(found, "warning")] == ["uv"]
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    assert [finding.check for finding in bad(packages.check(machine))] == ["packages"]
    monkeypatch.setattr(packages.sysconfig, "get_path", lambda name: str(tmp_path))
    headers = bad(packages.check(machine), "warning")[-1]
    assert "python3-dev" in headers.remedy


def test_another_pair_and_half_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "version_info", (3, 12, 0) if SOUND.python == sys.version_info[:2] else (3, 10, 0)
    )
    monkeypatch.setattr(packages, "_EXTRAS", {"demo": ("json", "missing_module_of_an_extra")})
    found = list(packages.check(Machine()))
    assert "goes with TFX" in only(found).message
    half = next(finding for finding in found if finding.check == "extra demo")
    assert (half.state, half.remedy) == ("warning", "uv sync --inexact --extra demo")


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({"proc__meminfo": "MemTotal:        2097152 kB\n"}, "fault"),
        ({"proc__meminfo": "MemTotal:        4194304 kB\n"}, "warning"),
        (
            {
                "proc__meminfo": "MemTotal:       16777216 kB\n",
                "sys__fs__cgroup__memory.max": f"{2 * 2**30}\n",
            },
            "fault",
        ),
        (
            {
                "proc__meminfo": "MemTotal:       16777216 kB\n",
                "sys__fs__cgroup__memory.max": "max\n",
            },
            "ok",
        ),
    ],
)
def test_too_little_memory(files: dict[str, str], state: str, tmp_path: Path) -> None:
    machine = planted(tmp_path, **files)
    found = {finding.check: finding for finding in resources.check(machine)}
    assert found["memory"].state == state


@pytest.mark.parametrize(
    ("kind", "limit", "check", "remedy"),
    [
        (resource.RLIMIT_NOFILE, 256, "open files", "ulimit -n"),
        (resource.RLIMIT_FSIZE, 10**9, "file size", "ulimit -f"),
        (resource.RLIMIT_NPROC, 100, "processes", "ulimit -u"),
        (resource.RLIMIT_AS, 16 * 2**30, "address space", "ulimit -v"),
    ],
)
def test_a_limit_of_the_process(kind: int, limit: int, check: str, remedy: str) -> None:
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (limit, before[1]))
    try:
        finding = only(resources.check(Machine()))
    finally:
        resource.setrlimit(kind, before)
    assert finding.check == check
    assert remedy in finding.remedy


def test_no_shared_memory_and_no_temporary_folder(tmp_path: Path) -> None:
    machine = planted(tmp_path, proc__meminfo="MemTotal: 16777216 kB\n")
    machine = replace(machine, environment={"TMPDIR": str(tmp_path / "absent")})
    found = bad(resources.check(machine))
    assert [finding.check for finding in found] == ["shared memory", "temporary folder"]
    assert "--shm-size" in found[0].remedy


@pytest.mark.parametrize(
    ("environment", "settings", "check", "remedy"),
    [
        ({"KERAS_BACKEND": "jax"}, None, "Keras", "unset KERAS_BACKEND"),
        ({"TF_USE_LEGACY_KERAS": "1"}, None, "Keras", "unset TF_USE_LEGACY_KERAS"),
        ({}, '{"backend": "torch"}', "Keras", '"backend": "tensorflow"'),
        ({}, '{"image_data_format": "channels_first"}', "Keras", "channels_last"),
        ({}, '{"backend": ', "Keras", "rm "),
        ({}, '["backend"]', "Keras", "rm "),
        ({"TF_CONFIG": "{cluster"}, None, "TF_CONFIG", "unset TF_CONFIG"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, None, "TF_CONFIG", "unset"),
        (
            {"TF_CONFIG": '{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 3}}'},
            None,
            "TF_CONFIG",
            "unset",
        ),
    ],
)
def test_a_variable_that_misleads_the_libraries(
    environment: dict[str, str], settings: str | None, check: str, remedy: str, tmp_path: Path
) -> None:
    if settings is not None:
        (tmp_path / ".keras").mkdir()
        (tmp_path / ".keras" / "keras.json").write_text(settings)
    machine = replace(SOUND, environment={"HOME": str(tmp_path), **environment})
    finding = only(variables.check(machine))
    assert finding.check == check
    assert remedy in finding.remedy


def test_modules_of_the_same_name_and_no_home(tmp_path: Path) -> None:
    (tmp_path / "schemas.py").write_text("")
    machine = replace(
        SOUND, environment={"PYTHONPATH": f"{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1"}
    )
    found = list(variables.check(machine))
    assert only(found).check == "PYTHONPATH"
    assert {"home folder", "bytecode"} <= {finding.check for finding in bad(found, "warning")}


def test_an_output_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    machine = Machine()
    found = only(storage.check(machine, tmp_path / "file" / "run", installed=True))
    assert "is a file" in found.message
    # Even root cannot write here.
    found = bad(storage.check(machine, Path("/proc/run"), installed=True))[0]
    assert "must be possible to write" in found.message
    found = only(storage.check(machine, tmp_path / "a[1]", installed=True))
    assert "take for a pattern" in found.message
    assert not (tmp_path / "a[1]").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs", "vboxsf", "vfat"])
def test_a_disk_of_another_kind(kind: str, tmp_path: Path) -> None:
    mounts = (
        f"/dev/sda1 / ext4 rw 0 0\nserver:/home {tmp_path} {kind} rw 0 0\nproc /proc proc rw 0 0\n"
    )
    machine = planted(tmp_path / "root", proc__mounts=mounts)
    finding = only(storage.check(machine, tmp_path / "run", installed=True), "warning")
    assert finding.check == "file system"
    assert kind in finding.message
    assert storage.file_system(machine, Path("/home/me")) == "ext4"


@pytest.mark.parametrize(
    ("name", "target", "step"),
    [("fsync", os, "flush a file"), ("flock", fcntl, "lock a file"), ("replace", Path, "rename")],
)
def test_a_disk_that_cannot_do_what_writers_ask(
    name: str, target: object, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(target, name, fails)
    finding = only(storage.check(Machine(), tmp_path, installed=True))
    assert step in finding.message
    assert "Input/output error" in finding.message


def test_a_full_disk_another_run_and_a_wrong_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serving" / "pet_mood" / str(int(time.time()) + 3600)).mkdir(parents=True)
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 400 * 2**20))
        found = bad(storage.check(Machine(), tmp_path, installed=False))
    assert [finding.check for finding in found] == ["lock", "disk", "clock", "disk of the packages"]
    assert all(finding.remedy for finding in found)


def test_weights_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = replace(SOUND, environment={"HOME": str(tmp_path)})
    assert weights.check(machine, "none", network=False).state == "ok"
    absent = weights.check(machine, str(tmp_path / "w.h5"), network=False)
    assert (absent.state, "no weights file" in absent.message) == ("fault", True)
    for name, message in (("w.pt", "ends in one of"), ("w.h5", "is empty")):
        (tmp_path / name).write_bytes(b"")
        found = weights.check(machine, str(tmp_path / name), network=False)
        assert (found.state, message in found.message) == ("fault", True)

    offline = weights.check(machine, "imagenet", network=False)
    assert offline.state == "skipped"
    assert "model.weights=FILE" in offline.remedy
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(weights, "URL", f"http://127.0.0.1:{unused.getsockname()[1]}/w.h5")
        asked = weights.check(machine, "imagenet", network=True)
    assert (asked.state, "cannot be reached" in asked.message) == ("fault", True)

    stored = tmp_path / ".keras" / "models" / weights.FILE
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"half of a download")
    broken = weights.check(machine, "imagenet", network=False)
    assert (broken.state, broken.remedy.startswith(f"rm {stored}")) == ("fault", True)


def test_no_font_with_hangul(tmp_path: Path) -> None:
    machine = planted(tmp_path, usr__share__fonts__DejaVuSans__ttf="")
    machine = planted(tmp_path, **{"usr__share__fonts__DejaVuSans.ttf": ""})
    finding = fonts.check(machine)
    assert (finding.state, "fonts-noto-cjk" in finding.remedy) == ("warning", True)
    machine = planted(tmp_path, **{"usr__share__fonts__noto__NotoSansCJK-Regular.ttc": ""})
    assert fonts.check(machine).state == "ok"


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Returns a function that starts a server with one answer, and returns its address."""
    sockets: list[socket.socket] = []

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in sockets:
        listener.close()


def http_answer(status: str, document: object) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "state", "message"),
    [
        (http_answer("404 Not Found", {}), "fault", "not served there"),
        (http_answer("200 OK", {"hello": 1}), "fault", "not as TensorFlow Serving"),
        (
            http_answer("200 OK", {"model_version_status": [{"state": "LOADING"}]}),
            "fault",
            "no version that is ready. Received: LOADING",
        ),
        (http_answer("200 OK", {"model_version_status": [{"state": "AVAILABLE"}]}), "ok", "serves"),
        (http_answer("401 Unauthorized", {}), "ok", "asks for a token"),
        (b"SSH-2.0-OpenSSH\r\n", "fault", "cannot be asked"),
    ],
)
def test_a_server_that_does_not_serve(
    answer: bytes, state: str, message: str, answering: Callable[[bytes], str]
) -> None:
    finding = server.check(answering(answer))
    assert finding.state == state
    assert message in finding.message


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        for scheme in ("http", "grpc"):
            finding = server.check(f"{scheme}://127.0.0.1:{port}")
            assert (finding.state, "Nothing listens" in finding.message) == ("fault", True)
        unused.listen()
        assert server.check(f"grpc://127.0.0.1:{port}").state == "ok"
        monkeypatch.setattr(server, "_SECONDS", 0.05)
        silent = server.check(f"http://127.0.0.1:{port}")
        assert "does not answer within" in silent.message
    for address in ("ftp://x", "http://", "http://user:secret@host", "http://x:port", "8501"):
        finding = server.check(address)
        assert "must be an address" in finding.message
        assert "secret" not in str(finding)
    assert "No machine of the name" in server.check("http://no-such-host.invalid").message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,bbox,labels\n", "lacks the column"),
        ("", "is empty"),
        ("image_path,bbox,labels\n", "has no rows"),
        ('image_path,bbox,labels\na.jpg,"0,0,1,1",행복/즐거움\n'.encode("cp949"), "not UTF-8"),
        ('image_path,bbox,labels\na.jpg,"0,0,1,1",x\n', "None of 1 photos"),
    ],
)
def test_a_table_that_cannot_be_used(content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    finding = only(data.check_tables({"--train-csv": path}, None))
    assert message in finding.message


def test_a_table_that_is_absent(tmp_path: Path) -> None:
    finding = only(data.check_tables({"--eval-csv": tmp_path / "absent.csv"}, None))
    assert "--eval-csv must be a file that can be read" in finding.message


def test_a_table_with_photos(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    path = tmp_path / "train.csv"
    path.write_text('image_path,bbox,labels\na.jpg,"0,0,1,1",x\nb.jpg,"0,0,1,1",x\n')
    (finding,) = data.check_tables({"--train-csv": path}, None)
    assert finding.state == "ok"
    assert "2 rows; 1 of 2 photos that were looked for are missing" in finding.message


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "instructions", "processor"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memory", "more memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11", "uv sync"),
        ("raise ImportError('libstdc++.so.6: version not found')", "version not found", "uv sync"),
        ("import time; time.sleep(60)", "within 0.5 s", "try again"),
    ],
)
def test_a_tensorflow_that_cannot_be_loaded(
    code: str, message: str, remedy: str, tmp_path: Path
) -> None:
    # The import of Keras comes before TensorFlow's.
    for name in ("keras", "tensorflow"):
        (tmp_path / f"{name}.py").write_text(code)
    machine = replace(Machine(), environment={**os.environ, "PYTHONPATH": str(tmp_path)})
    finding = devices.check(machine, seconds=0.5 if "sleep" in code else 60)
    assert finding.state == "fault"
    assert message in finding.message
    assert remedy in finding.remedy


def test_a_gpu_that_nothing_can_use(tmp_path: Path) -> None:
    machine = planted(
        tmp_path,
        **{
            "sys__bus__pci__devices__0000:01:00.0__vendor": "0x10de\n",
            "sys__bus__pci__devices__0000:01:00.0__class": "0x030200\n",
        },
    )
    finding = devices.check_driver(machine)
    assert finding is not None
    assert "driver is not loaded" in finding.message
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").write_text("")
    assert devices.check_driver(machine) is None
