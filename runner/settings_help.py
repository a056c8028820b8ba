"""Texts about settings: for ``--help``, and for docs/settings.md."""

import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol

from pipeline.config import GROUPS, Settings, as_yaml, load, setting_infos
from pipeline.presets import PRESETS
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from schemas.settings import SettingInfo, SettingsGroup, as_typed, described
from system.printable import error_line
from system.streams import write_utf8

_COLUMN = 36
"""Where the meanings begin in the list of common settings; the longest names fit before it."""
_PLATFORMS = {
    "cluster": "kubeflow_runner.py",
    "metadata": "local_runner.py",
    "retain": "local_runner.py",
}
"""Groups that only one command takes; all others are for both."""


def topics() -> Mapping[str, Callable[[int], str]]:
    """Returns the texts below a command's flags, see ``CommandLine``."""
    return {
        "": _common,
        "all": _all,
        "presets": _presets,
        **{name: partial(_group, name) for name in GROUPS},
    }


def flag_hint(flag: str) -> str:
    """Returns how a setting is given, where a flag is named as one; otherwise ""."""
    name = flag.lstrip("-").replace("-", "_")
    for info in setting_infos():
        if name in (info.name, info.name.partition(".")[2]):
            return f"It is a setting: --set {info.name}=VALUE"
    return ""


class HasSettings(Protocol):
    """A command line's request."""

    def settings(self) -> Settings:
        """Returns the settings; raises ConfigError where they are wrong."""


def print_config(request: HasSettings) -> int:
    """Writes the settings of a request to the standard output and returns the exit code."""
    try:
        write_utf8(as_yaml(request.settings()))
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return RunExit.CONFIG
    return 0


def settings_page() -> str:
    """Returns docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "<!-- Made by tools/settings_page.py: edit the settings' own declarations. -->",
        "",
        "Every setting of `local_runner.py`, `train.py` (`--set NAME=VALUE`, `--config FILE`) and",
        "`kubeflow_runner.py`. `--print-config` writes them as a YAML file to start from;",
        "`--help all` and `--help GROUP` print the same lists.",
        "",
        "| preset | changes of the defaults |",
        "|---|---|",
        *(f"| `{name}` | {_changes(name, '`{}`', ', ')} |" for name in PRESETS),
    ]
    for name in GROUPS:
        lines += ["", *group_section(name, GROUPS[name], _title(name))]
    return "\n".join(lines) + "\n"


def group_section(name: str, group: type[SettingsGroup], title: str) -> list[str]:
    """Returns the lines of docs/settings.md about a group."""
    lines = [f"## {name}", "", title, ""]
    lines += ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{info.name}` | {f'`{info.default}`' if info.default else 'empty'} "
        f"| {_allowed(info)} | {info.meaning.replace('|', chr(92) + '|')} |"
        for info in described(group)
    ]
    return lines


def _common(width: int) -> str:
    lines = ["common settings (--set NAME=VALUE, or a YAML file given as --config):"]
    lines += _short_entries((info for info in setting_infos() if info.common), width)
    lines += ["", *_wrapped(_MORE, width, "")]
    return "\n".join(lines) + "\n"


_MORE = (
    "--help all lists every setting, --help GROUP those of a group (such as train), --help presets "
    "what the presets change. --print-config writes all settings as a file to start from."
)


def _all(width: int) -> str:
    return "\n".join([*(_group(name, width) for name in GROUPS), _presets(width)])


def _group(name: str, width: int) -> str:
    lines = [*_wrapped(f"{name}: {_title(name)}", width, ""), ""]
    lines += _entries(described(GROUPS[name]), width)
    return "\n".join(lines) + "\n"


def _presets(width: int) -> str:
    lines = ["presets (--preset NAME) and what they change:"]
    for name in PRESETS:
        lines += _wrapped(f"{name}: {_changes(name, '{}', ' ')}", width, "  ", "      ")
    return "\n".join(lines) + "\n"


def _title(group: str) -> str:
    title = (GROUPS[group].__doc__ or "").splitlines()[0]
    only = _PLATFORMS.get(group)
    assert only is None or only in title
    return title


def _entries(infos: Iterable[SettingInfo], width: int) -> Iterator[str]:
    for info in infos:
        yield f"  {info.name} = {info.default}"
        yield from _wrapped(f"{info.meaning} {_in_brackets(info)}", width, " " * 6)


def _short_entries(infos: Iterable[SettingInfo], width: int) -> Iterator[str]:
    """Yields each setting with the beginning of its meaning, in two columns."""
    for info in infos:
        meaning = re.split(r"[.;:] ", info.meaning)[0].rstrip(".")
        name = f"  {info.name} = {info.default}".ljust(_COLUMN - 2)
        first, *rest = _wrapped(f"{meaning} {_in_brackets(info)}", width, " " * _COLUMN)
        yield f"{name}  {first.strip()}"
        yield from rest


def _in_brackets(info: SettingInfo) -> str:
    text = _allowed(info)
    return f"({text})" if text else ""


def _allowed(info: SettingInfo) -> str:
    return ", ".join(filter(None, (info.allowed, info.unit)))


def _changes(preset: str, form: str, between: str) -> str:
    default, changed = Settings().as_dict(), load(preset, None, ()).as_dict()
    texts = [
        form.format(f"{group}.{name}={as_typed(value)}")
        for group, values in changed.items()
        for name, value in values.items()
        if value != default[group][name]
    ]
    return between.join(texts) or "nothing"


def _wrapped(text: str, width: int, first: str, later: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=first if later is None else later,
        break_on_hyphens=False,
        break_long_words=False,
    )
