"""Writes docs/settings.md from the settings' declarations.

uv run python -m tools.settings_page
"""

from pathlib import Path

from runner.settings_help import settings_page
from system.files import write_whole

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

if __name__ == "__main__":
    write_whole(PAGE, settings_page())
