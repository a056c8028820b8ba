"""Runs the lines of a target of deploy/Dockerfile by hand: where there is no container engine.

    uv run python -m tools.dockerfile.by_hand --target cpu --work /var/tmp/by_hand
    uv run python -m tools.dockerfile.by_hand --target demo --work /var/tmp/by_hand \
        --volume build/sample/serving/pet_mood:/model

Each stage is a folder below --work, with the lines run in it by chroot. For python:…-slim-bookworm
stands a Debian made by debootstrap with a copy of the Python that runs this program (3.10, started
by its own prefix and not a distribution's) in /usr/local. ENV, USER, WORKDIR, COPY and
.dockerignore are honoured. At the end the image is started as an engine would start it; one
with a HEALTHCHECK until that passes. The first line that fails ends all, with exit code 1.

It needs root's rights, debootstrap, some 15 GB of disk and minutes. The machine's name servers,
authorities and package indexes are handed in for the run.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tools.dockerfile.chroots import Root, python_root
from tools.dockerfile.dockerfile_lines import (
    Stage,
    Step,
    command,
    copied,
    needed_for,
    stages_of,
    variables,
)

PROJECT = Path(__file__).resolve().parents[2]
_PYTHON, _SCRATCH = "python:", "scratch"
_HEALTHY_WITHIN = 300
"""Seconds."""
_NO_EFFECT_HERE = ("EXPOSE",)


class LineError(RuntimeError):
    """A line of the Dockerfile that failed."""


class Builder:
    """Builds stages in folders of its own, each from those that were built before."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._roots: dict[str, Root] = {}

    def build(self, stage: Stage) -> Root:
        """Runs a stage's lines.

        Raises:
          LineError: one failed, or cannot be run here.
        """
        root = self._base(stage.base, self._work / stage.name)
        self._roots[stage.name] = root
        for step in stage.steps:
            began = time.monotonic()
            try:
                self._do(step, root)
            except subprocess.CalledProcessError as error:
                raise LineError(
                    f"{stage.name}, line {step.line}: exit code {error.returncode}"
                ) from error
            except (OSError, ValueError) as error:
                raise LineError(f"{stage.name}, line {step.line}: {error}") from error
            _say(f"{stage.name}: line {step.line} {step.name} {time.monotonic() - began:.1f} s")
        return root

    def _base(self, base: str, folder: Path) -> Root:
        if base in self._roots:
            return self._roots[base].copy(folder)
        if base == _SCRATCH:
            return Root.empty(folder)
        if base.startswith(_PYTHON):
            return python_root(self._work / "debian").copy(folder)
        raise LineError(f"There is no way to get the image {base} here")

    def _do(self, step: Step, root: Root) -> None:
        if step.name == "ENV":
            root.variables.update(variables(step.value, root.variables))
        elif step.name == "USER":
            root.user = step.value
        elif step.name == "WORKDIR":
            root.go_to(step.value)
        elif step.name == "COPY":
            self._copy(step.value, root)
        elif step.name == "RUN":
            subprocess.run(root.command(command(step.value)), check=True)
        elif step.name == "ENTRYPOINT":
            root.entrypoint, root.arguments = command(step.value), []
        elif step.name == "CMD":
            root.arguments = command(step.value)
        elif step.name == "HEALTHCHECK":
            root.healthcheck = command(step.value.partition("CMD ")[2].strip())
        elif step.name not in _NO_EFFECT_HERE:
            raise ValueError(f"{step.name} is not known here")

    def _copy(self, value: str, root: Root) -> None:
        told = copied(value)
        if not told.origin:
            rules = (PROJECT / ".dockerignore").read_text("utf-8")
            root.take_from_project(PROJECT, told.sources, told.to, rules)
        elif told.origin in self._roots:
            root.take_from_root(self._roots[told.origin], told.sources, told.to)
        else:
            raise ValueError(f"there is no way to get the image {told.origin} here")


def _start(root: Root, volumes: list[str]) -> None:
    """Starts what the image starts, to its end or until it is healthy."""
    words = [*root.entrypoint, *root.arguments]
    _say(f"starts {' '.join(words)}")
    if not root.healthcheck:
        if code := subprocess.run(root.command(words, volumes)).returncode:
            raise LineError(f"What the image starts ended with exit code {code}")
        return
    began = time.monotonic()
    with subprocess.Popen(root.command(words, volumes)) as process:
        try:
            while subprocess.run(root.command(root.healthcheck), capture_output=True).returncode:
                if process.poll() is not None or time.monotonic() - began > _HEALTHY_WITHIN:
                    raise LineError(f"It is not healthy; its exit code is {process.returncode}")
                time.sleep(1)
            _say(f"healthy after {time.monotonic() - began:.1f} s")
        finally:
            process.terminate()


def _say(text: str) -> None:
    sys.stdout.write(f"== {text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", required=True, metavar="STAGE")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--volume", action="append", default=[], metavar="FOLDER:INSIDE")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    wishes = _parser().parse_args(arguments)
    stages = stages_of((PROJECT / "deploy" / "Dockerfile").read_text("utf-8"))
    builder = Builder(wishes.work.resolve())
    try:
        for stage in needed_for(wishes.target, stages):
            root = builder.build(stage)
        _start(root, wishes.volume)
    except LineError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    _say(f"{wishes.target}: every line passed, {root.mebibytes()} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
