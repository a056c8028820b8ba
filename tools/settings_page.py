"""Writes docs/settings.md from the settings' declarations.

uv run python -m tools.settings_page
"""

from pathlib import Path

from gateway.settings import LimitSettings, LogSettings
from monitoring.settings import DriftSettings
from runner.settings_help import group_section, settings_page
from system.files import write_whole

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_COMMANDS = {
    "serve.py": (LimitSettings, LogSettings),
    "monitor.py": (DriftSettings,),
}
"""Commands with settings of their own, which are given by ``--set NAME=VALUE`` alone."""


def page() -> str:
    """Returns docs/settings.md."""
    lines = [settings_page().rstrip("\n")]
    for command, groups in _COMMANDS.items():
        for group in groups:
            title = (group.__doc__ or "").splitlines()[0]
            lines += ["", *group_section(group.GROUP, group, f"Of `{command}`. {title}")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_whole(PAGE, page())
