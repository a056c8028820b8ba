"""The command line of ``dataset.prepare``: options, exit codes and messages."""

import sys
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from rich.console import Console

from dataset.aihub.preparation import PrepareSettings, prepare
from dataset.aihub.terminal import progress_on, show_summary
from schemas.errors import ConfigError, DataRefusedError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods
from schemas.settings import choices_of
from system import secrets
from system.command_line import CommandLine
from system.signals import sigterm_as_interrupt
from system.terminal import console_on, shown

_RESUME = "The same command goes on from the chunks that are finished."


def _parser(description: str) -> CommandLine:
    parser = CommandLine(
        description, "--root DIR --out DIR [flags]", prog="python -m dataset.prepare"
    )
    parser.add_argument(
        "--root", type=Path, required=True, metavar="DIR", help="folder with both splits"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the tables"
    )
    for name, field in PrepareSettings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action="store_true", help=field.description)
        elif choices := choices_of(field):
            about = f"{field.description} (default: {field.default})"
            parser.add_argument(flag, choices=choices, default=field.default, help=about)
        elif field.annotation in (int, float):
            about = f"{field.description} (default: {field.default})"
            kind = int if field.annotation is int else float
            parser.add_argument(flag, type=kind, default=field.default, metavar="N", help=about)
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help='label map, JSON {"name": index} (default: AI Hub\'s six moods)',
    )
    return parser


@sigterm_as_interrupt()
def run_command(arguments: Sequence[str] | None, description: str) -> int:
    """Runs the command line and returns the exit code."""
    asked = _parser(description).parse_args(arguments)
    errors = console_on(sys.stderr)
    try:
        moods = read_moods(asked.labels) if asked.labels else DEFAULT_MOODS
        settings = PrepareSettings(
            moods=moods,
            check_images=asked.check_images,
            box_overhang=asked.box_overhang,
            animals_in_both=asked.animals_in_both,
            animals_by=asked.animals_by,
            workers=asked.workers,
            chunk_clips=asked.chunk_clips,
        )
        start = time.monotonic()
        with secrets.kept_apart(), progress_on(errors):
            summary = prepare(asked.root, asked.out, settings)
    except (ConfigError, LabelMapError) as error:
        return _fail(errors, 2, str(error))
    except DataRefusedError as error:
        return _fail(errors, 3, str(error))
    except KeyboardInterrupt:
        return _fail(errors, 130, f"Interrupted. {_RESUME}")
    except BrokenProcessPool:
        return _fail(
            errors, 1, f"A worker died, maybe of too little memory (fewer --workers). {_RESUME}"
        )
    except OSError as error:
        return _fail(errors, 2, f"The files cannot be read or written: {error}. {_RESUME}")
    console = console_on(sys.stdout)
    show_summary(console, summary)
    console.print(shown(f"{asked.out} written in {time.monotonic() - start:.1f} s"))
    return 0


def _fail(errors: Console, code: int, message: str) -> int:
    errors.print(shown(f"error: {message}"), soft_wrap=True)
    return code
