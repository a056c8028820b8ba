"""Root file systems of images: folders from debootstrap, in which chroot runs commands."""

import glob
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
"""Packages of python:3.10-slim-bookworm that Debian's smallest system lacks."""
_HOST_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
_HOST_VARIABLES = (
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
"""Environment variables of this machine that commands need to reach the network."""
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
"""Shell script for a new mount namespace, whose mounts end with it."""


@dataclass
class Root:
    """Root file system of an image, and the settings by which a command is started in it."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    user: str = "0"
    cwd: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, folder: Path) -> "Root":
        """Returns an empty root in a folder, whose old content is removed."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return cls(folder)

    def copy(self, folder: Path) -> "Root":
        """Returns a copy in another folder, whose old content is removed."""
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        return Root(folder, dict(self.variables), self.user, self.cwd)

    def set_workdir(self, path: str) -> None:
        """Sets the folder that commands start in, and makes it if need be."""
        self.cwd = path
        self.host_path(path).mkdir(parents=True, exist_ok=True)

    def host_path(self, path: str) -> Path:
        """Returns this machine's path of a path in the root; relative ones start from ``cwd``."""
        return self.folder / os.path.join(self.cwd, path).lstrip("/")

    def command(self, arguments: list[str], volumes: list[str] | None = None) -> list[str]:
        """Returns the command line that runs a command in the root.

        Args:
          arguments: the command, its program first.
          volumes: this machine's folders to mount, "FOLDER:INSIDE" each.
        """
        owner, home = self._owner_and_home()
        inherited = {name: os.environ[name] for name in _HOST_VARIABLES if name in os.environ}
        values = {"HOME": home, **inherited, **self.variables}
        mounts = [
            f"{Path(text.partition(':')[0]).resolve()}:{text.partition(':')[2]}"
            for text in volumes or ()
        ]
        inner = [f"--userspec={owner}", str(self.folder), "/usr/bin/env", "-i", "-C", self.cwd]
        inner += [f"{name}={value}" for name, value in values.items()]
        outer = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _MOUNTS, "sh"]
        return [*outer, str(self.folder), *mounts, "--", *inner, *arguments]

    def copy_from_project(self, project: Path, sources: list[str], target: str, rules: str) -> None:
        """Copies files of the project, as COPY does.

        Args:
          project: the project's root.
          sources: files and folders of the project; a pattern may match none.
          target: path in this root.
          rules: the text of .dockerignore.

        Raises:
          FileNotFoundError: a source does not exist, or .dockerignore excludes all of it.
        """
        expanded: list[str] = []
        for source in sources:
            is_pattern = any(mark in source for mark in "*?[")
            expanded += sorted(glob.glob(source, root_dir=project)) if is_pattern else [source]
        for source in expanded:
            start = project / source
            files = [start] if start.is_file() else sorted(start.rglob("*"))
            included = [
                path
                for path in files
                if path.is_file() and not is_ignored(path.relative_to(project).as_posix(), rules)
            ]
            if not included:
                raise FileNotFoundError(
                    f"COPY must name files that .dockerignore does not exclude. Received: {source}"
                )
            for path in included:
                name = path.name if path == start else path.relative_to(start).as_posix()
                copy = self.host_path(target) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)

    def copy_from_root(self, other: "Root", sources: list[str], target: str) -> None:
        """Copies folders of another root, as COPY --from does."""
        for source in sources:
            folder = self.host_path(target)
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{other.host_path(source)}/.", folder], check=True)

    def size_mib(self) -> int:
        """Returns the size on disk, MiB."""
        process = subprocess.run(
            ["du", "-sm", self.folder], check=True, capture_output=True, text=True
        )
        return int(process.stdout.split()[0])

    def _owner_and_home(self) -> tuple[str, str]:
        """Returns the user and group as "number:number", and the user's home."""
        for line in (self.folder / "etc/passwd").read_text("utf-8").splitlines():
            name, _, user, group, _, home, _ = line.split(":")
            if self.user in (name, user):
                return f"{user}:{group}", home
        raise ValueError(f"USER must be in the image's /etc/passwd. Received: {self.user}")


def python_root(folder: Path) -> Root:
    """Returns a Debian 12 with this program's Python in /usr/local.

    Args:
      folder: of the root. A finished one is reused.

    Raises:
      RuntimeError: this Python is not 3.10.
    """
    root = Root(folder, {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"})
    if (folder / "usr/local/bin/pip").exists():
        return root
    if sys.version_info[:2] != (3, 10):
        raise RuntimeError(
            f"Python must be 3.10, as in the image. Received: {sys.version}. "
            "Start this program with Python 3.10"
        )

    debootstrap = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm"]
    subprocess.run([*debootstrap, str(folder)], check=True)
    for path in _HOST_FILES:
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
    for package in (prefix / site).glob("pip*"):
        shutil.copytree(package, local / site / package.name)
    shutil.copy(prefix / "bin/python3.10", local / "bin/python3.10")
    for name in ("python3", "python"):
        (local / "bin" / name).symlink_to("python3.10")
    subprocess.run(["chroot", str(folder), "/sbin/ldconfig"], check=True)

    # Last, because its presence marks a finished root.
    pip = local / "bin/pip"
    pip.write_text(_PIP)
    pip.chmod(0o755)
    return root
