"""Flags that several commands share."""

from pathlib import Path
from typing import Any


def add_labels_flag(group: Any) -> None:
    """Adds --labels to a parser or a group of its arguments."""
    group.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help='label map, JSON {"name": index} (default: AI Hub\'s six moods)',
    )


def add_settings_flags(group: Any, preset: str | None, presets: str) -> None:
    """Adds --preset, --config and --set.

    Args:
      group: a parser or a group of its arguments.
      preset: the one that is taken where none is named; None leaves that open.
      presets: which one that is, in words.
    """
    group.add_argument(
        "--preset",
        default=preset,
        metavar="NAME",
        help=f"settings to start from (default: {presets})",
    )
    group.add_argument(
        "--config", type=Path, metavar="FILE", dest="config_file", help="YAML file with settings"
    )
    add_set_flag(group)


def add_set_flag(group: Any, over: str = "") -> None:
    """Adds --set; ``over`` says what it goes over, if anything."""
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help=f"one setting{over}; may be given several times",
    )
