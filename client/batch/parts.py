"""Parts of a batch prediction, kept in a folder beside the file that they will become.

``FILE.parts`` has ``job.json``, which records the model and the inputs' source, and
``000000.parquet`` and so on, each with the rows of a fixed number of inputs and a hash of these
inputs. ``000000.begun.parquet`` has the first rows of a part that a server or Ctrl-C has cut short.
Every file is flushed to the disk and then renamed into place, so the parts are usable whenever the
process is killed. Whoever may write into the folder may have altered them, so nothing in them is
taken for granted.
"""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from client.batch import output_table
from client.batch.out_file import (
    JOINED,
    RESULT,
    Finished,
    already_there,
    check_out,
    finished_file,
    folder_of,
    is_placeholder,
)
from schemas import json_text
from schemas.errors import ConfigError
from system import files
from system.arrow import pa
from system.parquet import read_rows_and_schema, read_table

_DIGEST_KEY = b"inputs"
"""Key of the inputs' hash in a part's metadata."""


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
    folder = folder_of(out)
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
        finished = finished_file(out)
        if finished is None:
            with files.writing(folder):
                out.unlink(missing_ok=True)  # It can only be a placeholder.
        elif finished.job != json.loads(json.dumps(job)):
            raise already_there(out)
        parts = Parts(out, folder, mood_names, job, finished)
        if finished is None:
            parts.claim()
        yield parts
    finally:
        lock.release()


class Parts:
    """The finished parts, numbered from 0 in the order of the inputs.

    Attributes:
      finished: the result, if the file is complete and only the clean-up is missing.
    """

    def __init__(
        self,
        out: Path,
        folder: Path,
        mood_names: Sequence[str],
        job: Mapping[str, object],
        finished: Finished | None,
    ) -> None:
        self._out, self._folder, self._mood_names = out, folder, mood_names
        self._job, self.finished = job, finished
        self._schema = output_table.table_schema(mood_names)

    def claim(self) -> None:
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
                files.write_whole(path, json.dumps(self._job, ensure_ascii=False, indent=1))
            return

        before = _read_job(path)
        now = json.loads(json.dumps(self._job))
        for name in {**now, **before}:
            if before.get(name) != now.get(name):
                raise self._changed(
                    f"{name} was {json.dumps(before.get(name), ensure_ascii=False)} and is "
                    f"{json.dumps(now.get(name), ensure_ascii=False)}"
                )

    def is_finished(self, number: int, digest: str, rows: int) -> bool:
        """Returns whether a part exists.

        Args:
          number: of the part.
          digest: hash of its inputs.
          rows: number of its inputs.

        Raises:
          ConfigError: its rows belong to other inputs than those with this hash, or it is no part.
        """
        path = self._path(number)
        if not path.is_file():
            return False
        if self._rows_in(path, digest) != rows:
            raise self._changed(f"{path.name} has not one row for each input")
        return True

    def add(self, number: int, digest: str, rows: pa.Table) -> None:
        """Writes a part; ``digest`` is the hash of its inputs."""
        self._write(self._path(number), digest, rows)
        with files.writing(self._folder):
            self._path(number, ".begun").unlink(missing_ok=True)

    def add_begun(self, number: int, digest: str, rows: pa.Table) -> None:
        """Writes the first rows of a part; ``digest`` is that of all its inputs."""
        self._write(self._path(number, ".begun"), digest, rows)

    def begun(self, number: int, digest: str, rows: int) -> pa.Table | None:
        """Returns the first rows of a part that was cut short, or None.

        Raises:
          ConfigError: as ``is_finished``.
        """
        path = self._path(number, ".begun")
        if not path.is_file():
            return None
        if self._rows_in(path, digest) > rows:
            raise self._changed(f"{path.name} has more rows than inputs")
        return read_table(str(path), self._schema.names).replace_schema_metadata()

    def _write(self, path: Path, digest: str, rows: pa.Table) -> None:
        table = rows.replace_schema_metadata({_DIGEST_KEY: digest.encode()})
        with files.writing(self._folder), files.whole(path) as partial:
            output_table.write_part(partial, table)

    def _rows_in(self, path: Path, digest: str) -> int:
        """Returns a part's number of rows after a look at its schema."""
        rows, schema = read_rows_and_schema(str(path))
        if (schema.metadata or {}).get(_DIGEST_KEY) != digest.encode():
            raise self._changed(f"the inputs of {path.name} were others")
        if not schema.remove_metadata().equals(self._schema):
            raise self._changed(f"the columns of {path.name} were others")
        return rows

    def join(self, count: int) -> tuple[Counter[str], int]:
        """Joins ``count`` parts into the file and deletes them.

        Returns:
          The errors' counts, and the number of unsure answers.

        Raises:
          ConfigError: there are more than ``count`` parts.
        """
        if self._path(count).exists():
            raise self._changed(f"there were inputs after those of {count} parts")
        errors: Counter[str] = Counter()
        rows = unsure = 0

        def tables() -> Iterator[pa.Table]:
            nonlocal rows, unsure
            for number in range(count):
                table = read_table(str(self._path(number)), self._schema.names)
                table = table.replace_schema_metadata()
                errors.update(output_table.count_errors(table))
                unsure += output_table.count_unsure(table)
                rows += len(table)
                yield table

        as_csv = self._out.suffix == output_table.CSV
        partial = self._folder / JOINED
        with files.writing(self._folder):
            try:
                output_table.write_whole(partial, tables(), self._mood_names, as_csv=as_csv)
                # Neither a link nor a renaming changes the file's size and time.
                result = {
                    "file": files.size_and_time(partial),
                    "rows": rows,
                    "errors": errors,
                    "unsure": unsure,
                    "job": self._job,
                }
                files.write_whole(self._folder / RESULT, json.dumps(result, ensure_ascii=False))
                files.put_new(partial, self._out)
            except BaseException as error:
                with contextlib.suppress(OSError):
                    if is_placeholder(self._out):
                        self._out.unlink()
                    partial.unlink(missing_ok=True)
                if isinstance(error, FileExistsError):
                    raise self._appeared() from error
                raise
        self.clean_up()
        return errors, unsure

    def _appeared(self) -> ConfigError:
        return ConfigError(
            f"--out {self._out} has appeared since the command began and is not overwritten. Move "
            f"it away: the same command then goes on from the predictions in {self._folder}"
        )

    def clean_up(self) -> None:
        """Deletes the parts of a complete file, and last what says that it is complete."""
        for path in self._folder.iterdir():
            if path.name != RESULT:
                with contextlib.suppress(OSError):
                    path.unlink()
        # Some network disks keep the lock's file until it is closed.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, number: int, kind: str = "") -> Path:
        return self._folder / f"{number:06d}{kind}.parquet"

    def _changed(self, change: str) -> ConfigError:
        return ConfigError(
            f"The parts in {self._folder} must be of the same inputs and the same model. Received: "
            f"{change}. Go on with the old command, delete the folder, or name another --out"
        )


def _read_job(path: Path) -> dict[str, object]:
    try:
        return json_text.read_object(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} must say what the parts beside it are. It was altered: {error}. Delete the "
            "folder, or name another --out"
        ) from error
