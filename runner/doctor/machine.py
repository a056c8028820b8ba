"""The machine that the doctor examines, as far as tests need to stand another in its place."""

import importlib.util
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """A machine and the process's place on it.

    Attributes:
      root: of the file system that system files (/proc, /sys, /usr/share) are read from.
      environment: variables of the process.
      system: ``platform.system()``.
      architecture: ``platform.machine()``.
      libc: name and version, ("glibc", "2.36").
      python: version of the interpreter.
    """

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    system: str = field(default_factory=platform.system)
    architecture: str = field(default_factory=platform.machine)
    libc: tuple[str, str] = field(default_factory=platform.libc_ver)
    python: tuple[int, int] = sys.version_info[:2]

    def text(self, path: str) -> str:
        """Returns a system file's text; "" if it cannot be read."""
        try:
            return self.path(path).read_text("utf-8", "replace")
        except OSError:
            return ""

    def path(self, path: str) -> Path:
        """Returns where a system file lies, named as on the machine."""
        return self.root / path.lstrip("/")

    @property
    def home(self) -> Path | None:
        """The home folder; None if there is none."""
        named = self.environment.get("HOME")
        return Path(named) if named else None


def version_of(package: str) -> str | None:
    """Returns the version of an installed package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def has_module(name: str) -> bool:
    """Returns whether a module of the top level can be imported, without importing it."""
    return importlib.util.find_spec(name) is not None


def is_installed() -> bool:
    """Returns whether this project's packages are installed for this Python."""
    return version_of("tfx") is not None
