"""Installed packages and the programs that install them."""

import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from runner import environment
from runner.doctor.finding import Finding, fault, ok, skipped, warning
from runner.doctor.machine import Machine, has_module, is_installed, version_of
from schemas.errors import ConfigError

_EXTRAS = {
    "demo": ("starlette", "uvicorn", "httptools"),
    "export": ("tf2onnx", "onnx", "onnxruntime", "openvino", "ai_edge_litert"),
    "gateway": (
        *("starlette", "uvicorn", "prometheus_client", "python_multipart", "httptools", "uvloop"),
        *("pybase64", "aiohttp"),
    ),
    "gpu": ("nvidia",),
    "kubeflow": ("kfp",),
    "mlflow": ("mlflow",),
}
"""Modules by the extra of pyproject.toml that brings them."""
INSTALL = "./install.sh"


def check(machine: Machine) -> Iterator[Finding]:
    """Yields whether the packages are installed, or can be."""
    yield from _check_uv(machine)
    if not is_installed():
        yield fault(
            "packages", "This project's packages are not installed for this Python", INSTALL
        )
        yield from _check_compiler(machine)
        return
    try:
        environment.check_versions()
        yield ok("packages", f"TFX {version_of('tfx')} and TensorFlow {version_of('tensorflow')}")
    except ConfigError as error:
        yield fault("packages", str(error), "uv sync --inexact")
    yield from _check_extras()


def _check_uv(machine: Machine) -> Iterator[Finding]:
    path = shutil.which("uv", path=machine.environment.get("PATH", ""))
    if path is None:
        yield warning(
            "uv",
            "uv is not on the PATH; the commands of the documentation begin with it",
            f"{INSTALL} finds or installs it (docs/install.md)",
        )
    else:
        yield ok("uv", path)


def _check_compiler(machine: Machine) -> Iterator[Finding]:
    search = machine.environment.get("PATH", "")
    found = [name for name in ("c++", "g++", "clang++") if shutil.which(name, path=search)]
    if not found:
        yield fault(
            "compiler",
            "A dependency (pyfarmhash) comes as source only and needs a C++ compiler",
            "Debian, Ubuntu: sudo apt install g++. Fedora: sudo dnf install gcc-c++",
        )
    elif not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        yield warning(
            "compiler",
            f"{found[0]} is there, but not the headers of this Python, which it needs if uv takes "
            "this Python and downloads none",
            "Debian, Ubuntu: sudo apt install python3-dev. Fedora: sudo dnf install python3-devel",
        )
    else:
        yield ok("compiler", found[0])


def _check_extras() -> Iterator[Finding]:
    for extra, modules in _EXTRAS.items():
        there = [name for name in modules if has_module(name)]
        command = f"uv sync --inexact --extra {extra}"
        if len(there) == len(modules):
            yield ok(f"extra {extra}", "installed")
        elif there:
            missing = ", ".join(sorted(set(modules) - set(there)))
            yield warning(f"extra {extra}", f"installed in part: {missing} is missing", command)
        else:
            yield skipped(f"extra {extra}", "not installed", command)
