"""The parts of a long labelling: kept beside the file that they will become.

``FILE.parts`` has ``job.json``, which says what was asked of which model, and ``000000.parquet``
and so on, each with the rows of so many inputs and a hash of these inputs. Every file appears by
a rename, whole and on the disk: whenever the process is killed, what is there can be used.
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

_HASH = b"inputs"


def check_out(out: Path) -> None:
    """Raises ConfigError where ``out`` is there, or cannot become the file that is wanted."""
    if out.suffix not in (output_table.CSV, output_table.PARQUET):
        raise ConfigError(
            f"--out must end in {output_table.CSV} or {output_table.PARQUET}. Received: {out}"
        )
    if out.exists():
        raise ConfigError(f"--out {out} is already there, and is not overwritten. Name another")
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that is there. Received: {out}")


@contextlib.contextmanager
def parts_of(out: Path, job: Mapping[str, object], moods: Sequence[str]) -> Iterator["Parts"]:
    """Opens the parts of ``out`` for this process alone.

    Args:
      out: the file that they will become.
      job: all that the rows depend on, but for the inputs' names; JSON.
      moods: names in index order.

    Raises:
      ConfigError: ``out`` is there, another run is at work on it or has begun it with another
        job, or what must be written cannot be.
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
        raise ConfigError(f"Another run is writing {out}. Wait for it, or name another") from error
    try:
        check_out(out)  # Another run may have finished it since the command began.
        parts = Parts(out, folder, moods)
        parts.claim(job)
        yield parts
    finally:
        lock.release()


class Parts:
    """The finished parts, numbered from 0 in the order of the inputs."""

    def __init__(self, out: Path, folder: Path, moods: Sequence[str]) -> None:
        self._out, self._folder, self._moods = out, folder, moods

    def claim(self, job: Mapping[str, object]) -> None:
        """Notes what is asked, or holds it against what was asked before."""
        path = self._folder / "job.json"
        if not path.exists():
            with files.writing(self._folder):
                # Without a job, for a kill came while they were being deleted.
                for part in self._folder.glob("*.parquet"):
                    part.unlink()
                files.write_whole(path, json.dumps(job, ensure_ascii=False, indent=1))
            return
        before = json.loads(path.read_text(encoding="utf-8"))
        now = json.loads(json.dumps(job))
        for name in {**now, **before}:
            if before.get(name) != now.get(name):
                raise self._refused(
                    f"{name} was {json.dumps(before.get(name), ensure_ascii=False)} and is "
                    f"{json.dumps(now.get(name), ensure_ascii=False)}"
                )

    def is_finished(self, number: int, digest: str) -> bool:
        """Returns whether a part is there.

        Raises:
          ConfigError: it has the rows of other inputs than those with this hash.
        """
        path = self._path(number)
        if not path.exists():
            return False
        if pq.read_schema(path).metadata[_HASH] != digest.encode():
            raise self._refused(f"the inputs of {path.name} were others")
        return True

    def add(self, number: int, rows: pa.Table, digest: str) -> None:
        """Puts a part in place."""
        with files.writing(self._folder), files.whole(self._path(number)) as partial:
            output_table.write_part(partial, rows.replace_schema_metadata({_HASH: digest.encode()}))

    def join(self, count: int) -> Counter[str]:
        """Makes the file of ``count`` parts, deletes these, and returns its errors' numbers.

        Raises:
          ConfigError: there are more parts than that.
        """
        if self._path(count).exists():
            raise self._refused(f"there were inputs after those of {count} parts")
        errors: Counter[str] = Counter()

        def tables() -> Iterator[pa.Table]:
            for number in range(count):
                rows = pq.read_table(self._path(number)).replace_schema_metadata()
                errors.update(output_table.errors_of(rows))
                yield rows

        as_csv = self._out.suffix == output_table.CSV
        with files.writing(self._folder):
            partial = self._folder / "whole.partial"
            output_table.write_whole(partial, tables(), self._moods, as_csv=as_csv)
            files.put(partial, self._out)
        # Some network disks keep the lock's file until it is closed.
        shutil.rmtree(self._folder, ignore_errors=True)
        return errors

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.parquet"

    def _refused(self, change: str) -> ConfigError:
        return ConfigError(
            f"What is in {self._folder} must be of the same inputs and the same model. Received: "
            f"{change}. Go on with the old command, delete the folder, or name another --out"
        )
