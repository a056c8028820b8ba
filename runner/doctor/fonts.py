"""Fonts with Hangul, by which a browser on this machine shows the report and the demo."""

import re
import shutil
import subprocess
from pathlib import Path

from runner.doctor.finding import Finding, ok, warning
from runner.doctor.machine import Machine

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/opt/share/fonts")
_IN_HOME = (".fonts", ".local/share/fonts")
_KOREAN = re.compile(
    r"cjk|nanum|noto.*kr|malgun|applesdgothic|baekmuk|^un(batang|dotum)|d2coding|pretendard|"
    r"ibmplexsanskr|gowun|sourcehan|unifont|droidsansfallback|gulim|batang",
    re.IGNORECASE,
)
"""Names of the font files that have Hangul, in the packages of Linux systems."""


def check(machine: Machine) -> Finding:
    """Returns whether a font with Hangul is installed."""
    name = _by_fontconfig(machine) or _by_name(machine)
    if name:
        return ok("Hangul font", name)
    return warning(
        "Hangul font",
        "No font with Hangul was found: a browser on this machine shows moods as empty boxes",
        "Debian, Ubuntu: sudo apt install fonts-noto-cjk. Or open report.html on another machine",
    )


def _by_fontconfig(machine: Machine) -> str:
    if machine.root != Path("/") or shutil.which("fc-list") is None:
        return ""
    done = subprocess.run(
        ["fc-list", ":lang=ko", "family"], capture_output=True, text=True, check=False
    )
    return done.stdout.partition("\n")[0].partition(",")[0]


def _by_name(machine: Machine) -> str:
    folders = [machine.path(path) for path in _FOLDERS]
    if machine.home:
        folders += [machine.home / path for path in _IN_HOME]
    for folder in folders:
        for path in folder.rglob("*") if folder.is_dir() else ():
            if path.suffix.lower() in (".ttf", ".otf", ".ttc") and _KOREAN.search(path.name):
                return path.name
    return ""
