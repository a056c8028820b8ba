"""Removes old results after a run, or on demand (``local_runner.py --prune``)."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from pipeline.code_version import ROOT
from pipeline.config import Settings
from pipeline.metadata.settings import MYSQL
from pipeline.run_inputs import RunInputs
from report.formatting import path_text, size_text
from runner import environment
from runner.prune.served import Pins, read_pins
from runner.run_request import RunRequest
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from system.signals import sigterm_as_interrupt
from system.streams import quiet

if TYPE_CHECKING:
    from runner.prune.plan import Plan

_MODELS_CONFIG = ROOT / "deploy" / "serving" / "models.config"


class Pruned(NamedTuple):
    """What was removed, or would be.

    Attributes:
      files: number of files and folders.
      bytes: their size.
      errors: what could not be removed, and why.
    """

    files: int
    bytes: int
    errors: tuple[str, ...]

    def __str__(self) -> str:
        return f"removed {self.files:,} old files and folders, {size_text(self.bytes)}"


@sigterm_as_interrupt()
def prune(request: RunRequest, *, dry_run: bool) -> int:
    """Removes old results of an output folder, or says what it would remove; returns the exit code.

    Args:
      request: names the output folder and the settings; its data are not looked at.
      dry_run: whether nothing is removed.
    """
    try:
        settings, inputs = request.settings(), _inputs(request.folder)
        if not (inputs.metadata.is_file() or inputs.metadata_claim.is_file()):
            raise _unknown(inputs.output)
        with quiet(ConfigError) as streams, environment.locked(request.folder):
            pruned = remove_old(settings, inputs, dry_run=dry_run, out=streams.out)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return RunExit.CONFIG
    except OSError as error:
        sys.stderr.write(f"error: {request.folder} must be readable and writable: {error}\n")
        return RunExit.CONFIG
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command removes the rest.\n")
        return RunExit.OTHER
    for message in pruned.errors:
        sys.stderr.write(f"error: {message}\n")
    return RunExit.OTHER if pruned.errors else 0


def remove_old(
    settings: Settings, inputs: RunInputs, *, dry_run: bool = False, out: TextIO | None = None
) -> Pruned:
    """Removes old results; the caller holds the output folder's lock.

    Args:
      settings: ``retain`` says how much stays.
      inputs: name the output folder.
      dry_run: whether nothing is removed.
      out: is told every file and folder before it goes; None is told nothing.

    Raises:
      ConfigError: ML Metadata does not know the folder's results, or a file that says what is
        served cannot be read.
    """
    # A command line that is wrong need not wait for these.
    from ml_metadata import MetadataStore, errors

    from pipeline.metadata import store as stores
    from runner.prune.plan import make_plan
    from runner.prune.removal import carry_out

    pins = served_pins(settings.retain.models_config)
    name = stores.pipeline_name(settings.metadata, inputs)
    if settings.metadata.store == MYSQL:
        stores.check(settings.metadata, inputs)
    try:
        store = MetadataStore(stores.connection(settings.metadata, inputs))
        plan = make_plan(store, name, inputs, settings, pins, time.time())
        if plan is None:
            raise _unknown(inputs.output)
        if out is not None:
            out.writelines(f"{line}\n" for line in _lines(plan, settings, dry_run=dry_run))
            out.flush()
        failures = [] if dry_run else carry_out(plan, store)
    except (errors.StatusError, RuntimeError) as error:
        raise ConfigError(
            f"ML Metadata must say which results in {inputs.output} are old. Received: {error}"
        ) from error
    return Pruned(
        len(plan.items), sum(item.bytes for item in plan.items), tuple(map(str, failures))
    )


def _inputs(folder: Path) -> RunInputs:
    """Returns inputs that name an output folder, and no data."""
    return RunInputs(train_csv=folder, eval_csv=None, image_root=None, moods=(), output=folder)


def _unknown(folder: Path) -> ConfigError:
    return ConfigError(
        "--prune goes by what ML Metadata knows of the runs in an output folder. Received: "
        f"{folder}, and it knows of none there. Name the folder with --output"
    )


def served_pins(models_config: str) -> Pins:
    """Returns the versions that must stay, by ``retain.models_config``.

    Raises:
      ConfigError: the file cannot be read.
    """
    if models_config:
        return read_pins(Path(models_config))
    return read_pins(_MODELS_CONFIG) if _MODELS_CONFIG.is_file() else Pins()


def _lines(plan: "Plan", settings: Settings, *, dry_run: bool) -> Iterator[str]:
    """Yields what goes: each path with its size, then the sums by kind."""
    results = settings.retain.results
    for item in plan.items:
        yield f"  {size_text(item.bytes):>9}  {item.kind:<20}  {path_text(item.path)}"
    if plan.items:
        yield ""
    sums: dict[str, list[int]] = {}
    for item in plan.items:
        sums.setdefault(item.kind, []).append(item.bytes)
    for kind, sizes in sums.items():
        yield f"  {size_text(sum(sizes)):>9}  {kind:<20}  {len(sizes):,}"
    total = size_text(sum(item.bytes for item in plan.items))
    would = "would be removed; this is a dry run" if dry_run else "removed"
    yield f"  {total:>9}  {'in all':<20}  {len(plan.items):,}  {would}"
    for path in plan.outside:
        yield f"  stays, because it lies outside the output folder or behind a link: {path}"
    if not results:
        yield "  retain.results=0 keeps all results: --set retain.results=N keeps the newest N"
