"""What runs that failed, or were killed, have left in an output folder."""

from collections.abc import Iterator
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2

from runner.prune.lineage import Lineage
from schemas.exports import OLD, folder_beside
from system.files import PARTIAL

_Artifact = metadata_store_pb2.Artifact

_UNFINISHED = "unfinished"
"""Folder of a node for work that a next attempt goes on from: blocks of the ingest, backups of the
training."""
_SYSTEM = ".system"
"""Folder of a node for what TFX itself writes during an execution, and does not read later."""
_OWNED = (
    *(_Artifact.LIVE, _Artifact.REFERENCE, _Artifact.UNKNOWN),
    _Artifact.MARKED_FOR_DELETION,  # By a removal that did not come to its end.
)


def leftovers(output: Path, root: Path, serving: Path, lineage: Lineage) -> Iterator[Path]:
    """Yields files and folders that belong to no result, of any age.

    Args:
      output: the output folder.
      root: the pipeline's root in it.
      serving: the serving folder in it.
      lineage: of the pipeline.
    """
    yield from output.glob(f"*{PARTIAL}")
    yield from serving.parent.glob(f"*{PARTIAL}")
    exports = Path(folder_beside(str(serving)))
    for ending in (PARTIAL, OLD):
        yield from exports.glob(f"*{ending}")
    states = {artifact.uri: artifact.state for artifact in lineage.artifacts.values()}
    for key in root.glob("*/*"):
        if key.name == _UNFINISHED:
            yield from key.iterdir()
        elif key.name == _SYSTEM:
            yield from key.glob("*/*")
        elif key.is_dir():
            for folder in key.iterdir():
                if _is_leftover(folder, states.get(str(folder)), lineage.succeeded):
                    yield folder


def _is_leftover(folder: Path, state: int | None, succeeded: set[int]) -> bool:
    """Returns whether a folder of a node's output belongs to no result.

    Args:
      folder: named by the number of an execution.
      state: of the artifact with this path; None if there is none.
      succeeded: numbers of the executions that succeeded.
    """
    if not (folder.name.isascii() and folder.name.isdigit()):
        return False
    if state is None:
        # In an output folder that was moved, ML Metadata knows the artifact by its old path.
        return int(folder.name) not in succeeded
    return state not in _OWNED
