"""Copies of a task's artifacts on this machine, where TensorFlow and Beam cannot read the bucket.

Neither of them reads s3:// here (docs/buckets.md says why). A task gets its inputs as local files,
writes its outputs to local folders, and they are sent to the bucket after it, the file that makes
them valid last. What it keeps for its next attempt is sent while it works (``mirror``).
"""

import contextlib
import hashlib
import logging
import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.container import mirror
from pipeline.container.task import Task
from schemas.artifacts import SEARCH, UNFINISHED
from schemas.errors import ConfigError
from system import storage
from system.buckets import folders
from system.buckets.stores import AMAZON, MINIO
from system.parallel import in_parallel

_LOGGER = logging.getLogger(__name__)
_LAST = ("saved_model.pb",)
_KEPT = (UNFINISHED, SEARCH)
"""Folders of a task beside its outputs, for its next attempt."""
_SPARE = 1 << 30
"""Bytes that must stay free beside the inputs, for what the task itself writes."""


def needs_copies(address: str) -> bool:
    """Returns whether TensorFlow and Beam cannot read an address."""
    return address.startswith((AMAZON, MINIO))


@contextlib.contextmanager
def staged(task: Task) -> Iterator[Task]:
    """Yields the task with local folders in place of those in S3; sends its outputs at the end.

    Raises:
      ConfigError: the inputs do not fit on this machine's disk.
    """
    if task.is_direct or not any(
        map(needs_copies, [*task.uris("inputs"), *task.uris("outputs"), task.output_file])
    ):
        yield task
        return
    with _root(task) as root:

        def local(address: str) -> str:
            if not needs_copies(address):
                return address
            scheme, _, rest = address.partition("://")
            return str(root / scheme / rest)

        _fetch(list(filter(needs_copies, task.uris("inputs"))), local, root)
        outputs = list(filter(needs_copies, task.uris("outputs")))
        for address in outputs:
            Path(local(address)).mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as kept:
            parents = sorted({posixpath.dirname(uri) for uri in outputs})
            for address in [f"{parent}/{name}" for parent in parents for name in _KEPT]:
                kept.enter_context(mirror.mirrored(Path(local(address)), address))
            yield task.with_artifacts(local)
        sent = sum(folders.upload(Path(local(each)), each, _LAST) for each in outputs)
        _LOGGER.info("Sent %d bytes of outputs", sent)
        # Last: it says that the task is done.
        told = Path(local(task.output_file)).read_text("utf-8")
        storage.write_whole(task.output_file, _with_addresses(told, root))


@contextlib.contextmanager
def _root(task: Task) -> Iterator[Path]:
    """Yields an empty folder, the same for each attempt: what is kept knows its inputs by path."""
    name = hashlib.sha256(task.output_file.encode()).hexdigest()[:16]
    root = Path(tempfile.gettempdir(), f"pet-mood-staged-{name}")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _fetch(addresses: list[str], local: Callable[[str], str], root: Path) -> None:
    """Copies inputs to this machine, if they fit on its disk."""
    needed = sum(size for address in addresses for _, size in folders.objects(address))
    free = shutil.disk_usage(root).free
    if needed + _SPARE > free:
        raise ConfigError(
            f"The disk under {tempfile.gettempdir()} must hold copies of a task's inputs in S3, "
            f"{needed:,} bytes, and {_SPARE:,} more. Free: {free:,} bytes. Give the container "
            "more ephemeral storage, or set TMPDIR to a volume"
        )
    for address in addresses:
        Path(local(address)).mkdir(parents=True, exist_ok=True)
    pairs = [(address, Path(local(address))) for address in addresses]
    in_parallel(lambda pair: folders.download(*pair) if folders.is_folder(pair[0]) else 0, pairs)
    _LOGGER.info("Copied %d bytes of inputs to %s", needed, root)


def _with_addresses(text: str, root: Path) -> str:
    for scheme in (AMAZON, MINIO):
        text = text.replace(f"{root}/{scheme.removesuffix('://')}/", scheme)
    return text
