"""Flags that several commands share."""

from pathlib import Path
from typing import Any

from pipeline.config import setting_infos
from pipeline.presets import PRESETS


def add_labels_flag(group: Any) -> None:
    """Adds --labels to a parser or a group of its arguments."""
    group.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help='label map, JSON {"name": index} (default: AI Hub\'s six moods)',
    )


def add_settings_flags(group: Any, preset: str | None, presets: str) -> None:
    """Adds --preset, --config, --set and --print-config.

    Args:
      group: a parser or a group of its arguments.
      preset: the one that is taken where none is named; None leaves that open.
      presets: which one that is, in words.
    """
    preset_flag = group.add_argument(
        "--preset",
        default=preset,
        metavar="NAME",
        help=f"settings to start from: {', '.join(PRESETS)} (default: {presets})",
    )
    preset_flag.completer = lambda **_: list(PRESETS)
    group.add_argument(
        "--config", type=Path, metavar="FILE", dest="config_file", help="YAML file with settings"
    )
    add_set_flag(group)
    add_print_flag(group)


def add_set_flag(group: Any, over: str = "") -> None:
    """Adds --set; ``over`` says what it takes precedence over, if anything."""
    flag = group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help=f"one setting{over}; may be given several times",
    )
    flag.completer = _completed


def add_print_flag(group: Any) -> None:
    """Adds --print-config."""
    group.add_argument(
        "--print-config",
        action="store_true",
        help="write all settings, as they would be, as a YAML file to the standard output, and end",
    )


def _completed(prefix: str, **_: Any) -> list[str]:
    """Returns what may stand behind --set: names, and values where there is a choice."""
    name, equals, _value = prefix.partition("=")
    infos = setting_infos()
    if not equals:
        return [f"{info.name}=" for info in infos]
    (choices,) = [info.choices for info in infos if info.name == name] or [()]
    return [f"{name}={choice}" for choice in choices]
