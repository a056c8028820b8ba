r"""Builds and starts a target of deploy/Dockerfile on a machine without a container engine.

    uv run python -m tools.dockerfile.by_hand --target cpu --work /var/tmp/by_hand
    uv run python -m tools.dockerfile.by_hand --target demo --work /var/tmp/by_hand \
        --volume build/sample/serving/pet_mood:/model

Each stage is a folder below --work, in which chroot runs the lines. In place of the image
python:…-slim-bookworm it takes a Debian from debootstrap, whose /usr/local gets a copy of the
Python that runs this program. That must be a Python 3.10 in a prefix, not the one of a
distribution. ENV, USER, WORKDIR, COPY and .dockerignore are honoured. At the end the image is
started as an engine would start it; an image with a HEALTHCHECK runs until that passes. The first
line that fails ends the program with exit code 1.

It needs root rights, debootstrap, some 15 GB of disk and minutes. The lines use the machine's name
servers, certificate authorities and package indexes.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from system.streams import escape_what_cannot_be_written
from tools.dockerfile.chroots import Root, python_root
from tools.dockerfile.dockerfile_lines import (
    Stage,
    Step,
    parse_command,
    parse_copy,
    parse_env,
    parse_stages,
    required_stages,
)

PROJECT = Path(__file__).resolve().parents[2]
_PYTHON, _SCRATCH = "python:", "scratch"
_HEALTH_TIMEOUT = 300
"""Seconds."""
_WITHOUT_EFFECT = ("EXPOSE",)
"""Instructions that change nothing without a container engine."""


class LineError(RuntimeError):
    """Failure of a line of the Dockerfile."""


class Builder:
    """Builds stages, a folder for each, from those that it has built before."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._roots: dict[str, Root] = {}

    def build(self, stage: Stage) -> Root:
        """Runs the lines of a stage and returns its root.

        Raises:
          LineError: a line failed or is not supported.
        """
        root = self._copy_of_base(stage.base, self._work / stage.name)
        self._roots[stage.name] = root
        for step in stage.steps:
            start = time.monotonic()
            try:
                self._run_step(step, root)
            except subprocess.CalledProcessError as error:
                raise LineError(
                    f"{stage.name}, line {step.line}: exit code {error.returncode}"
                ) from error
            except (OSError, ValueError) as error:
                raise LineError(f"{stage.name}, line {step.line}: {error}") from error
            _log(f"{stage.name}: line {step.line} {step.name} {time.monotonic() - start:.1f} s")
        return root

    def _copy_of_base(self, base: str, folder: Path) -> Root:
        if base in self._roots:
            return self._roots[base].copy(folder)
        if base == _SCRATCH:
            return Root.empty(folder)
        if base.startswith(_PYTHON):
            return python_root(self._work / "debian").copy(folder)
        raise LineError(f"FROM must name a stage, scratch or {_PYTHON}…. Received: {base}")

    def _run_step(self, step: Step, root: Root) -> None:
        if step.name == "ENV":
            root.variables.update(parse_env(step.value, root.variables))
        elif step.name == "USER":
            root.user = step.value
        elif step.name == "WORKDIR":
            root.set_workdir(step.value)
        elif step.name == "COPY":
            self._copy(step.value, root)
        elif step.name == "RUN":
            subprocess.run(root.command(parse_command(step.value)), check=True)
        elif step.name == "ENTRYPOINT":
            root.entrypoint, root.arguments = parse_command(step.value), []
        elif step.name == "CMD":
            root.arguments = parse_command(step.value)
        elif step.name == "HEALTHCHECK":
            root.healthcheck = parse_command(step.value.partition("CMD ")[2].strip())
        elif step.name not in _WITHOUT_EFFECT:
            raise ValueError(f"The instruction must be a supported one. Received: {step.name}")

    def _copy(self, value: str, root: Root) -> None:
        copy = parse_copy(value)
        if not copy.origin:
            rules = (PROJECT / ".dockerignore").read_text("utf-8")
            root.copy_from_project(PROJECT, copy.sources, copy.target, rules)
        elif copy.origin in self._roots:
            root.copy_from_root(self._roots[copy.origin], copy.sources, copy.target)
        else:
            raise ValueError(f"--from must name a stage. Received: {copy.origin}")


def _start(root: Root, volumes: list[str]) -> None:
    """Runs the image's program to its end, or until it is healthy.

    Raises:
      LineError: it failed, or was not healthy in time.
    """
    program = [*root.entrypoint, *root.arguments]
    _log(f"starts {' '.join(program)}")
    if not root.healthcheck:
        if code := subprocess.run(root.command(program, volumes)).returncode:
            raise LineError(f"The image's program must end with exit code 0. Received: {code}")
        return
    start = time.monotonic()
    with subprocess.Popen(root.command(program, volumes)) as process:
        try:
            while subprocess.run(root.command(root.healthcheck), capture_output=True).returncode:
                if process.poll() is not None or time.monotonic() - start > _HEALTH_TIMEOUT:
                    raise LineError(
                        f"The image must be healthy within {_HEALTH_TIMEOUT} s. "
                        f"Exit code of its program: {process.returncode}"
                    )
                time.sleep(1)
            _log(f"healthy after {time.monotonic() - start:.1f} s")
        finally:
            process.terminate()


def _log(text: str) -> None:
    sys.stdout.write(f"== {text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", required=True, metavar="STAGE", help="stage to build")
    parser.add_argument(
        "--work", type=Path, required=True, metavar="FOLDER", help="folder for the stages"
    )
    parser.add_argument(
        "--volume",
        action="append",
        default=[],
        metavar="FOLDER:INSIDE",
        help="mounts a folder of this machine in the image; may be given several times",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    escape_what_cannot_be_written()
    args = _parser().parse_args(arguments)
    stages = parse_stages((PROJECT / "deploy" / "Dockerfile").read_text("utf-8"))
    builder = Builder(args.work.resolve())
    try:
        for stage in required_stages(args.target, stages):
            root = builder.build(stage)
        _start(root, args.volume)
    except LineError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    _log(f"{args.target}: every line passed, {root.size_mib()} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
