"""Parts of a batch prediction, kept in a folder beside the file that they will become.

``FILE.parts`` has ``job.json``, which records the model and the inputs' source, and
``000000.parquet`` and so on, each with the rows of a fixed number of inputs and a hash of these
inputs. Every file is flushed to the disk and then renamed into place, so the parts are usable
whenever the process is killed.
"""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from client.batch import output_table
from schemas.errors import ConfigError
from system import files

_DIGEST_KEY = b"inputs"
"""Key of the inputs' hash in a part's metadata."""


def check_out(out: Path) -> None:
    """Raises ConfigError if ``out`` exists or cannot be written."""
    if out.suffix not in (output_table.CSV, output_table.PARQUET):
        raise ConfigError(
            f"--out must end in {output_table.CSV} or {output_table.PARQUET}. Received: {out}"
        )
    if out.exists():
        raise ConfigError(f"--out {out} already exists and is not overwritten. Name another file")
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that exists. Received: {out}")


@contextlib.contextmanager
def open_parts(
    out: Path, job: Mapping[str, object], mood_names: Sequence[str]
) -> Iterator["Parts"]:
    """Opens the parts of ``out`` for this process alone.

    Args:
      out: the file that they will become.
      job: everything apart from the inputs that the rows depend on; JSON.
      mood_names: in index order.

    Raises:
      ConfigError: ``out`` exists, another run is writing it, an earlier run has begun it with
        another job, or a file cannot be written.
    """
    check_out(out)
    folder = out.with_name(out.name + ".parts")
    with files.writing(folder):
        folder.mkdir(exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        with files.writing(folder):
            lock.acquire()
    except Timeout as error:
        raise ConfigError(
            f"Another run is writing {out}. Wait for it, or name another file"
        ) from error
    try:
        check_out(out)  # Another run may have finished it since the command began.
        parts = Parts(out, folder, mood_names)
        parts.claim(job)
        yield parts
    finally:
        lock.release()


class Parts:
    """The finished parts, numbered from 0 in the order of the inputs."""

    def __init__(self, out: Path, folder: Path, mood_names: Sequence[str]) -> None:
        self._out, self._folder, self._mood_names = out, folder, mood_names

    def claim(self, job: Mapping[str, object]) -> None:
        """Records the job, or compares it with the job that was recorded before.

        Raises:
          ConfigError: they differ.
        """
        path = self._folder / "job.json"
        if not path.exists():
            with files.writing(self._folder):
                # Parts without a job are left by a kill during ``join``'s clean-up.
                for part in self._folder.glob("*.parquet"):
                    part.unlink()
                files.write_whole(path, json.dumps(job, ensure_ascii=False, indent=1))
            return

        before = json.loads(path.read_text(encoding="utf-8"))
        now = json.loads(json.dumps(job))
        for name in {**now, **before}:
            if before.get(name) != now.get(name):
                raise self._changed(
                    f"{name} was {json.dumps(before.get(name), ensure_ascii=False)} and is "
                    f"{json.dumps(now.get(name), ensure_ascii=False)}"
                )

    def is_finished(self, number: int, digest: str) -> bool:
        """Returns whether a part exists.

        Raises:
          ConfigError: its rows belong to other inputs than those with this hash.
        """
        path = self._path(number)
        if not path.exists():
            return False
        if pq.read_schema(path).metadata[_DIGEST_KEY] != digest.encode():
            raise self._changed(f"the inputs of {path.name} were others")
        return True

    def add(self, number: int, rows: pa.Table, digest: str) -> None:
        """Writes a part."""
        table = rows.replace_schema_metadata({_DIGEST_KEY: digest.encode()})
        with files.writing(self._folder), files.whole(self._path(number)) as partial:
            output_table.write_part(partial, table)

    def join(self, count: int) -> Counter[str]:
        """Joins ``count`` parts into the file, deletes them, and returns the errors' counts.

        Raises:
          ConfigError: there are more than ``count`` parts.
        """
        if self._path(count).exists():
            raise self._changed(f"there were inputs after those of {count} parts")
        errors: Counter[str] = Counter()

        def tables() -> Iterator[pa.Table]:
            for number in range(count):
                table = pq.read_table(self._path(number)).replace_schema_metadata()
                errors.update(output_table.count_errors(table))
                yield table

        as_csv = self._out.suffix == output_table.CSV
        with files.writing(self._folder):
            partial = self._folder / "whole.partial"
            output_table.write_whole(partial, tables(), self._mood_names, as_csv=as_csv)
            files.put(partial, self._out)
        # Some network disks keep the lock's file until it is closed.
        shutil.rmtree(self._folder, ignore_errors=True)
        return errors

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.parquet"

    def _changed(self, change: str) -> ConfigError:
        return ConfigError(
            f"The parts in {self._folder} must be of the same inputs and the same model. Received: "
            f"{change}. Go on with the old command, delete the folder, or name another --out"
        )
