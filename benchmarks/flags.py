"""Flags that several benchmarks share: one name, one help text and one default for each.

Imports the standard library alone, because the PyTorch sides run
in an environment that lacks the project's dependencies.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

TORCH = (
    "uv run --no-project --python 3.10 "
    "--with torch --with geffnet --with numpy --with pillow python"
)
"""PyTorch is no dependency of the project: uv fetches it into a separate environment."""

TRAINING, INFERENCE = "training", "inference"
"""Values of --mode."""


def parser(doc: str) -> argparse.ArgumentParser:
    """Returns a parser whose --help prints a module's docstring and the flags.

    From here on the output may have what its encoding lacks (``system.streams``).
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_number(parser: argparse.ArgumentParser, name: str, default: int, meaning: str) -> None:
    """Adds a flag with a whole number.

    Args:
      parser: is changed in place.
      name: of the flag, with its hyphens.
      default: of the flag.
      meaning: the help text, without the default.
    """
    parser.add_argument(
        name, type=int, default=default, metavar="N", help=f"{meaning} (default: %(default)s)"
    )


def add_rounds(parser: argparse.ArgumentParser, default: int = 5) -> None:
    """Adds --rounds."""
    add_number(parser, "--rounds", default, "turns of each side; the median is reported")


def add_rows(parser: argparse.ArgumentParser, default: int | Sequence[int]) -> None:
    """Adds --rows, which takes several sizes where the default has several."""
    nargs, text = None, "rows of the drawn table (default: %(default)s)"
    if isinstance(default, Sequence):
        sizes = " ".join(map(str, default))
        nargs, text = "+", f"rows of the drawn table, one run for each size (default: {sizes})"
    parser.add_argument("--rows", type=int, nargs=nargs, default=default, metavar="N", help=text)


def add_frames_per_clip(parser: argparse.ArgumentParser, default: int) -> None:
    """Adds --frames-per-clip."""
    add_number(parser, "--frames-per-clip", default, "frames of each drawn clip")


def add_clips_per_mood(parser: argparse.ArgumentParser, default: int, frames: int) -> None:
    """Adds --clips-per-mood, of drawn clips of so many frames."""
    add_number(
        parser, "--clips-per-mood", default, f"drawn clips of each mood, {frames} frames each"
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Adds --workers."""
    add_number(parser, "--workers", 2, "processes that work in parallel")


def add_torch(parser: argparse.ArgumentParser) -> None:
    """Adds --torch."""
    parser.add_argument(
        "--torch",
        default=TORCH,
        metavar="COMMAND",
        help="command that starts a Python with torch, geffnet, numpy and pillow; "
        "'' measures without PyTorch (default: %(default)s)",
    )


def add_resolution(parser: argparse.ArgumentParser) -> None:
    """Adds --resolution."""
    add_number(parser, "--resolution", 224, "side of the pictures, pixels")


def add_preset(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds the preset of our settings."""
    meaning = "preset of our settings (default: %(default)s)"
    parser.add_argument("--preset", default=default, metavar="NAME", help=meaning)


def add_seeds(parser: argparse.ArgumentParser) -> None:
    """Adds --seeds."""
    add_number(parser, "--seeds", 3, "how often each side is trained, with another seed")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Adds --threads."""
    add_number(parser, "--threads", 0, "threads of a side; 0 is one for each core")


def add_sides(
    parser: argparse.ArgumentParser, sides: Sequence[str], default: Sequence[str]
) -> None:
    """Adds --sides."""
    parser.add_argument(
        "--sides",
        nargs="+",
        choices=sides,
        default=list(default),
        help=f"sides that are compared (default: {' '.join(default)})",
    )


def add_work(parser: argparse.ArgumentParser, default: Path) -> None:
    """Adds --work."""
    parser.add_argument(
        "--work",
        type=Path,
        default=default,
        metavar="FOLDER",
        help="folder for all files of the measurement (default: %(default)s)",
    )


def add_mode(parser: argparse.ArgumentParser) -> None:
    """Adds --mode."""
    parser.add_argument(
        "--mode",
        choices=(TRAINING, INFERENCE),
        default=TRAINING,
        help="kind of a repetition: a training step, or the prediction of a batch "
        "(default: %(default)s)",
    )


def add_bfloat16(parser: argparse.ArgumentParser) -> None:
    """Adds --bfloat16."""
    parser.add_argument(
        "--bfloat16", action="store_true", help="computes in bfloat16 where float32 is not needed"
    )


def add_csv(parser: argparse.ArgumentParser) -> None:
    """Adds --csv, which must be given."""
    parser.add_argument(
        "--csv", type=Path, required=True, metavar="FILE", help="eval CSV of the run"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds --output."""
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="output folder of the run"
    )


def add_measure(parser: argparse.ArgumentParser) -> None:
    """Adds --measure, with which a benchmark starts itself: see ``memory.measured_apart``."""
    parser.add_argument("--measure", metavar="PATH", help=argparse.SUPPRESS)
