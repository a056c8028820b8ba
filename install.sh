#!/bin/sh
# Installs this project's packages into .venv, with the line of versions that suits this system.
#
#     ./install.sh                 # for everybody
#     ./install.sh --extra demo    # with an extra; other extras stay
#     ./install.sh --dry-run       # only say what would be done
#
# It needs Linux on x86-64 with glibc. It asks for no root rights and installs nothing outside this
# folder, but for uv where there is none: from PyPI into ~/.local/share/pet-mood/uv, by the system's
# Python, or by uv's own installer where that Python cannot make environments.
#
# Exit codes: 0 installed, 2 something of the system is missing; the message says what to do.
set -eu
cd "$(dirname "$0")"

stop() {
    printf 'error: %s\n' "$1" >&2
    exit 2
}

dry_run=
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0"
        exit
        ;;
    --dry-run)
        dry_run=1
        shift
        ;;
    *) break ;;
    esac
done

# 1. The system.
system=$(uname -s)
processor=$(uname -m)
elsewhere='Use Linux on x86-64: WSL 2 on Windows, a container or a virtual machine elsewhere (docs/install.md)'
[ "$system" = Linux ] || stop "TFX has no packages for $system. $elsewhere"
[ "$processor" = x86_64 ] || stop "TFX has no packages for Linux on $processor. $elsewhere"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^glibc //') || glibc=
[ -n "$glibc" ] || stop "TFX has packages for glibc alone, and this system has another C library. Use Debian or Ubuntu, in a container for example"

# 2. The line of versions: TFX 1.21 where glibc is new enough, else TFX 1.16.
newer() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
newer 2.17 "$glibc" || stop "TFX needs glibc 2.17 or newer. Received: $glibc. Use a newer system"
if [ -n "${UV_PYTHON:-}" ]; then
    python=$UV_PYTHON
elif newer 2.39 "$glibc"; then
    python=3.12
    for version in 3.13 3.12 3.11; do
        if command -v "python$version" >/dev/null; then
            python=$version
            break
        fi
    done
else
    python=3.10
fi

# 3. The compiler: on each line a package (pyfarmhash) comes as source only. Python's headers come
# with a Python of uv's; a system has them in a package of their own.
compiler=
for name in c++ g++ clang++; do
    if command -v "$name" >/dev/null; then compiler=$name; fi
done
[ -n "$compiler" ] || stop "Some packages come as source only and need a C++ compiler. Debian, Ubuntu: sudo apt install g++. Fedora: sudo dnf install gcc-c++"

if command -v "python$python" >/dev/null; then
    "python$python" -c 'import os, sysconfig; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' 2>/dev/null ||
        stop "The compiler needs the headers of Python $python. Debian, Ubuntu: sudo apt install python3-dev. Fedora: sudo dnf install python3-devel"
fi

# 4. The disk.
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
[ "$free" -ge 4900 ] || stop "The packages take 4.8 GB in this folder, and uv some 0.3 GB. Received: $free MiB of free disk. Free some"

# 5. uv.
own=${XDG_DATA_HOME:-$HOME/.local/share}/pet-mood/uv
if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
    uv=uv
elif [ -x "$HOME/.local/bin/uv" ]; then
    uv=$HOME/.local/bin/uv
elif [ -x "$own/bin/uv" ]; then
    uv=$own/bin/uv
else
    uv=
fi

echo "system    $system on $processor, glibc $glibc, compiler $compiler"
echo "versions  Python $python"
echo "uv        ${uv:-is installed first, 60 MB}"
echo "packages  some 340, 1.3 GB to download, 4.8 GB in .venv"
[ -z "$dry_run" ] || exit 0

if [ -z "$uv" ]; then
    # Debian 12 and newer and Ubuntu 23.04 and newer refuse "pip install uv" (PEP 668), but an
    # environment of one's own may have it.
    if command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null; then
        python3 -m venv "$own"
        "$own/bin/pip" install --quiet --disable-pip-version-check uv
        uv=$own/bin/uv
    elif command -v curl >/dev/null; then
        curl -LsSf https://astral.sh/uv/install.sh | sh
        uv=$HOME/.local/bin/uv
    else
        stop "uv cannot be installed without python3-venv or curl. Debian, Ubuntu: sudo apt install python3-venv"
    fi
    "$uv" --version >/dev/null || stop "uv was not installed. Its documentation lists more ways: https://docs.astral.sh/uv/"
fi

# 6. Commands of the documentation are "uv run …": they read the version from .python-version.
if [ -z "${UV_PYTHON:-}" ] && [ "$(cat .python-version)" != "$python" ]; then
    echo "$python" >.python-version
    echo "Wrote $python into .python-version; git checkout .python-version takes it back"
fi
# Otherwise the first command compiles some 10,000 modules, in each of its processes.
"$uv" sync --inexact --compile-bytecode "$@"

case ":$PATH:" in
*":$(dirname "$uv"):"*) ;;
*) [ "$uv" = uv ] || printf '\nuv is not on the PATH. For this shell:\n\n    export PATH="%s:$PATH"\n' "$(dirname "$uv")" ;;
esac
printf '\nInstalled. Next:\n\n    uv run python local_runner.py\n'
