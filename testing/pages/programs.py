"""Commands of a page, checked by the programs' own parsers and settings, without being run."""

import argparse
import contextlib
import importlib
import io
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from gateway.settings import LimitSettings, LogSettings
from monitoring.settings import DriftSettings
from pipeline import config
from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, settings_from
from testing.paths import ROOT

EXTRAS = frozenset(
    re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
)
"""Names of optional packages, and of what else is a list there."""
_RUN = "pipeline"
"""Settings of a run."""
_UV_VALUES = {"--extra", "--with", "--python"}
_UV_SWITCHES = {"--no-project", "--inexact"}
_PYTHONS = {"python", "python3"}
_PLACEHOLDER = re.compile(r"[<$…]|^[A-Z]{2,}")


class _Program(NamedTuple):
    """A command of ours.

    Attributes:
      module: that has the parser.
      settings: groups that its ``--set`` takes; ``_RUN`` for those of a run.
      intermixed: whether flags may stand between its arguments.
    """

    module: str
    settings: str | tuple[type[SettingsGroup], ...] = ()
    intermixed: bool = False


PROGRAMS = {
    "local_runner.py": _Program("local_runner", _RUN),
    "train.py": _Program("train", _RUN),
    "doctor.py": _Program("doctor", _RUN),
    "kubeflow_runner.py": _Program("kubeflow_runner", _RUN),
    "inference.py": _Program("inference", intermixed=True),
    "demo.py": _Program("demo"),
    "compare.py": _Program("compare"),
    "rollout.py": _Program("rollout", intermixed=True),
    "serve.py": _Program("serve", (LimitSettings, LogSettings)),
    "monitor.py": _Program("monitor", (DriftSettings,)),
    "client.labelling": _Program("client.labelling.__main__"),
    "dataset.prepare": _Program("dataset.aihub.command_line"),
}
_GROUPS: dict[str, type[SettingsGroup]] = {
    **config.GROUPS,
    **{group.GROUP: group for group in (LimitSettings, LogSettings, DriftSettings)},
}


def fault_of(words: Sequence[str]) -> str | None:
    """Returns what a program would refuse of its command line; None if nothing.

    Args:
      words: of one program, as a shell gives them.

    Raises:
      LookupError: it is no program of ours.
    """
    if words[0] == "uv":
        rest, fault = _after_uv(list(words[1:]))
        if fault or not rest:
            return fault
        words = rest
    if words[0] == "--set":
        return _settings_fault(words)
    if words[0] not in _PYTHONS:
        raise LookupError(words[0])
    is_module = words[1] == "-m"
    name, arguments = (words[2], words[3:]) if is_module else (words[1], words[2:])
    if name in PROGRAMS:
        return _parsed(PROGRAMS[name], arguments)
    return _flags_in_source(name, arguments, is_module=is_module)


def setting_fault(text: str) -> str | None:
    """Returns what is wrong with ``group.name=value``; None if nothing, or if it is no setting."""
    name, _, value = text.partition("=")
    group, _, leaf = name.partition(".")
    if group not in _GROUPS or _PLACEHOLDER.search(value) or not value:
        return None
    if leaf not in _GROUPS[group].model_fields:
        return f"there is no setting {name}"
    field = _GROUPS[group].model_fields[leaf]
    # The field alone: some settings are refused without another one beside them.
    parts = (field.annotation, *field.metadata, "")
    kind: Any = Annotated[parts]
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return str(error)
    return None


def _settings_fault(words: Sequence[str]) -> str | None:
    """Returns what is wrong with ``--set a.b=c --set …`` that stands alone, of whatever command."""
    for flag, text in zip(words[::2], words[1::2], strict=True):
        if flag != "--set" or text.partition(".")[0] not in _GROUPS:
            return f"{flag} {text} is no setting"
        if fault := setting_fault(text):
            return fault
    return None


def unknown_flags(words: Sequence[str]) -> list[str]:
    """Returns the flags in a part of a command line that its program does not have."""
    parser = _parser(PROGRAMS[words[0]])
    known = parser._option_string_actions
    return [word for word in words[1:] if word.startswith("--") and word not in known]


def _after_uv(words: list[str]) -> tuple[list[str], str | None]:
    """Returns the program that ``uv run`` starts, and what is wrong before it."""
    verb = words.pop(0)
    if verb not in ("run", "sync"):
        raise LookupError(f"uv {verb}")
    while words and words[0].startswith("--"):
        flag = words.pop(0)
        if flag in _UV_VALUES:
            value = words.pop(0)
            if flag == "--extra" and value not in EXTRAS | {"NAME"}:
                return [], f"there is no extra {value}"
        elif flag not in _UV_SWITCHES:
            return [], f"uv {verb} {flag} is in no table"
    return words, None


def _parser(program: _Program) -> argparse.ArgumentParser:
    module = importlib.import_module(program.module)
    make: Callable[..., argparse.ArgumentParser] = module._parser
    return make("") if program.module == "dataset.aihub.command_line" else make()


def _parsed(program: _Program, arguments: Sequence[str]) -> str | None:
    parser = _parser(program)
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            parse: Any = parser.parse_intermixed_args if program.intermixed else parser.parse_args
            asked = parse(list(arguments))
    except SystemExit as end:  # --help ends with 0.
        return errors.getvalue() if end.code else None
    try:
        if program.settings == _RUN:
            preset = getattr(asked, "preset", None) or "default"
            config.load(preset, None, asked.overrides)
        elif not isinstance(program.settings, str) and program.settings:
            settings_from(program.settings, asked.overrides)
    except ConfigError as error:
        return str(error)
    return None


def _flags_in_source(name: str, arguments: Sequence[str], *, is_module: bool) -> str | None:
    """Returns what is wrong with a developer's program, whose parser is inside its ``main``."""
    path = ROOT / (name.replace(".", "/") if is_module else name)
    files = [path.with_suffix(".py"), *path.glob("__main__.py")]
    sources = [file.read_text("utf-8") for file in files if file.is_file()]
    if not sources:
        raise LookupError(name)
    if path.parent.name == "benchmarks":
        shared = ("benchmarks/flags.py", "runner/settings_flags.py")
        sources += [(ROOT / file).read_text("utf-8") for file in shared]
    for word in arguments:
        flag = word.partition("=")[0]
        if flag.startswith("--") and not any(f'"{flag}"' in source for source in sources):
            return f"{name} has no flag {flag}"
    return None
