"""Folders that stand for images: made by debootstrap, copied, filled, and run in by chroot."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tools.dockerfile.dockerfile_lines import is_ignored

_PACKAGES = (
    "ca-certificates,netbase,tzdata,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,"
    "libreadline8,libsqlite3-0,libssl3,libuuid1,zlib1g"
)
"""What python:3.10-slim-bookworm has and Debian's smallest system has not."""
_OF_THE_MACHINE = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
_HANDED_IN = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
)
_PIP = """#!/usr/local/bin/python3
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""
_MOUNTS = """
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    mkdir -p "$root/${1#*:}"
    mount --bind "${1%%:*}" "$root/${1#*:}"
    shift
done
shift
exec chroot "$@"
"""
"""In a mount namespace of its own, so that nothing stays mounted."""


@dataclass
class Root:
    """An image's folder, and how a command is started in it."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    user: str = "0"
    cwd: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, folder: Path) -> "Root":
        """Returns a new one with nothing in it; what was there before goes."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return cls(folder)

    def copy(self, folder: Path) -> "Root":
        """Returns the same in another folder; what was there before goes."""
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        return Root(folder, dict(self.variables), self.user, self.cwd)

    def go_to(self, path: str) -> None:
        """Makes a folder of it the one that commands start in."""
        self.cwd = path
        self.inside(path).mkdir(parents=True, exist_ok=True)

    def inside(self, path: str) -> Path:
        """Returns where a path within it lies outside; relative ones start from ``cwd``."""
        return self.folder / os.path.join(self.cwd, path).lstrip("/")

    def command(self, words: list[str], volumes: list[str] | None = None) -> list[str]:
        """Returns the command line that runs ``words`` in it.

        Args:
          words: the command.
          volumes: texts "FOLDER:INSIDE", of this machine's folders that it sees.
        """
        owner, home = self._account()
        handed = {name: os.environ[name] for name in _HANDED_IN if name in os.environ}
        values = {"HOME": home, **handed, **self.variables}
        mounted = [
            f"{Path(text.partition(':')[0]).resolve()}:{text.partition(':')[2]}"
            for text in volumes or ()
        ]
        inner = [f"--userspec={owner}", str(self.folder), "/usr/bin/env", "-i", "-C", self.cwd]
        inner += [f"{name}={value}" for name, value in values.items()]
        outer = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _MOUNTS, "sh"]
        return [*outer, str(self.folder), *mounted, "--", *inner, *words]

    def take_from_project(self, project: Path, sources: list[str], to: str, rules: str) -> None:
        """Does a COPY of files of the project, of which ``rules`` (.dockerignore) keeps some out.

        Raises:
          FileNotFoundError: a source is not there, or wholly kept out.
        """
        for source in sources:
            start = project / source
            files = [start] if start.is_file() else sorted(start.rglob("*"))
            taken = [
                path
                for path in files
                if path.is_file() and not is_ignored(path.relative_to(project).as_posix(), rules)
            ]
            if not taken:
                raise FileNotFoundError(f"{source} is not there, or .dockerignore keeps it out")
            for path in taken:
                below = path.name if path == start else path.relative_to(start).as_posix()
                target = self.inside(to) / below
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)

    def take_from_root(self, other: "Root", sources: list[str], to: str) -> None:
        """Does a COPY of another one's folders."""
        for source in sources:
            target = self.inside(to)
            target.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{other.inside(source)}/.", target], check=True)

    def mebibytes(self) -> int:
        """Returns its size on disk."""
        said = subprocess.run(
            ["du", "-sm", self.folder], check=True, capture_output=True, text=True
        )
        return int(said.stdout.split()[0])

    def _account(self) -> tuple[str, str]:
        """Returns the user as "number:group's number", and the user's home."""
        for line in (self.folder / "etc/passwd").read_text("utf-8").splitlines():
            name, _, user, group, _, home, _ = line.split(":")
            if self.user in (name, user):
                return f"{user}:{group}", home
        raise ValueError(f"there is no user {self.user}")


def python_root(folder: Path) -> Root:
    """Returns a Debian 12 with this program's Python in /usr/local; made once in a folder.

    Raises:
      RuntimeError: this Python is not 3.10.
    """
    root = Root(folder, {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"})
    if (folder / "usr/local/bin/pip").exists():
        return root
    if sys.version_info[:2] != (3, 10):
        raise RuntimeError(f"The image has Python 3.10. Received: {sys.version}")
    debootstrap = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm"]
    subprocess.run([*debootstrap, str(folder)], check=True)
    for path in _OF_THE_MACHINE:
        shutil.copy(path, folder / path.lstrip("/"))
    local, prefix = folder / "usr/local", Path(sys.base_prefix)
    site = "lib/python3.10/site-packages"
    shutil.copytree(prefix / "include", local / "include", dirs_exist_ok=True)
    shutil.copytree(
        prefix / "lib",
        local / "lib",
        symlinks=True,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("site-packages", "test", "__pycache__"),
    )
    for part in (prefix / site).glob("pip*"):
        shutil.copytree(part, local / site / part.name)
    shutil.copy(prefix / "bin/python3.10", local / "bin/python3.10")
    for name in ("python3", "python"):
        (local / "bin" / name).symlink_to("python3.10")
    subprocess.run(["chroot", str(folder), "/sbin/ldconfig"], check=True)
    pip = local / "bin/pip"
    pip.write_text(_PIP)
    pip.chmod(0o755)
    return root
