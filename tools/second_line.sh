#!/usr/bin/env bash
# Runs the tests on the second line of versions (TFX 1.21, Python 3.13) in a Debian 13, because
# this line needs a newer glibc than that of Debian 12. debootstrap makes the Debian in a folder.
#
#     apt install debootstrap
#     sudo -E tools/second_line.sh [--root FOLDER] [arguments of pytest]
#
#     sudo -E tools/second_line.sh                              # all tests
#     sudo -E tools/second_line.sh -n 1 tests/unit/pipeline     # some
#
# --root FOLDER   folder of the Debian (default: build/debian13). The first run needs 7 GB and the
#                 internet. Later runs reuse the packages and copy only the source again.
#
# It needs root rights for chroot and mounts. The mounts lie in a new namespace and end with it.
# It copies the files that git tracks, in their present state; a new file needs a `git add`. Proxies,
# package indexes and certificates are taken from the environment and from the machine's settings
# of pip and uv. The exit code is that of pytest, or that of the step that failed before it.
set -euo pipefail
cd "$(dirname "$0")/.."

root=build/debian13
case "${1:-}" in
-h | --help)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit
    ;;
--root)
    root=${2:?--root needs a folder}
    shift 2
    ;;
esac

if [ "$(id -u)" != 0 ]; then
    echo "tools/second_line.sh needs root rights (chroot, mounts): sudo -E tools/second_line.sh" >&2
    exit 2
fi
command -v debootstrap >/dev/null || {
    echo "tools/second_line.sh needs debootstrap: apt install debootstrap" >&2
    exit 2
}

mkdir -p "$root"
root=$(realpath "$root")
# A marker file tells that the Debian is complete, so that an interrupted run starts again.
if [ ! -e "$root/second-line-ready" ]; then
    echo "Makes Debian 13 in $root"
    rm -rf --one-file-system "${root:?}"
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" >"$root.log" || {
        tail "$root.log" >&2
        exit 1
    }
    touch "$root/second-line-ready"
fi

# The machine's access to the network: name servers, indexes, certificates.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/uv/uv.toml \
    ~/.config/pip/pip.conf ~/.config/uv/uv.toml "${SSL_CERT_FILE:-}"; do
    if [ -f "$file" ]; then
        install -D --mode=644 "$file" "$root${file/#$HOME//root}"
    fi
done

rm -rf "$root/pet-mood"
mkdir "$root/pet-mood"
git ls-files -z | tar --null --files-from=- --ignore-failed-read --create | tar --extract -C "$root/pet-mood"

inside() {
    # shellcheck disable=SC2016  # $0 is the inner shell's.
    unshare --mount --pid --fork --kill-child bash -euc '
        mount -t proc proc "$0/proc"
        mount -t tmpfs tmpfs "$0/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts"
        mount --bind "$0/dev/pts/ptmx" "$0/dev/ptmx"
        exec chroot "$0" "$@"' "$root" \
        env -u VIRTUAL_ENV -u PYTHONPATH -u TMPDIR -C /pet-mood HOME=/root LANG=C.UTF-8 \
        PATH=/opt/pet-mood/bin:/opt/uv/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        UV_PROJECT_ENVIRONMENT=/opt/pet-mood UV_PYTHON=/usr/bin/python3.13 UV_PYTHON_DOWNLOADS=never \
        "$@"
}

inside bash -euc '
    # The compiler is for a dependency without a wheel; the others are for the tests.
    packages="g++ python3-dev python3-venv chromium curl mariadb-server nginx-light"
    dpkg --status $packages >/dev/null 2>&1 || {
        apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $packages
    } >/dev/null
    [ -x /opt/uv/bin/uv ] || { python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet uv; }
    uv sync --quiet'
inside python - <<'VERSIONS'
import platform
from importlib.metadata import version

print("python", platform.python_version(), "on", *platform.libc_ver())
for name in ("tfx", "tensorflow", "keras", "apache-beam", "tensorflow-model-analysis",
             "tensorflow-transform", "ml-metadata", "protobuf", "kfp"):
    print(name, version(name))
VERSIONS
inside python -m pytest "$@"
