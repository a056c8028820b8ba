"""The clips and animals that a model was trained on, as hashes that travel with the model.

A model looks too good on clips of its own training, and on those of the validation split that its
epoch was chosen on. The clips of a later run's eval split may be among them: other CSVs, another
share, another split. So each model carries the hashes of these names, and those of the model that
it began with. Hashes of 64 bits say no name; two million names take 16 MB, and an unknown one is
taken for one of them with 1e-13.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import ConfigError

Hashes = npt.NDArray[np.uint64]

NO_NAME = 0
"""Takes the place of the hash of an animal that is not known."""

_CLIP, _GROUP = b"clip\0", b"group\0"
_COMPLETE = "complete"


def name_pairs(clips: Iterable[str], groups: Iterable[str | None]) -> Hashes:
    """Returns uint64[n, 2]: the distinct pairs of hashes of clip and group, in order.

    Args:
      clips: one name a row.
      groups: the same; None or "" where the animal is not known.
    """
    pairs = dict.fromkeys(zip(clips, groups, strict=True))
    hashed = [(_hash(_CLIP, clip), _hash(_GROUP, group)) for clip, group in pairs]
    return np.array(hashed, np.uint64).reshape(-1, 2)


class TrainedOn(NamedTuple):
    """What a model was trained on.

    Attributes:
      own: uint64[n], sorted: hashes of clips and groups of its own training, and of its validation
        split.
      inherited: uint64[m], sorted: those of the models that it began with.
      complete: false where an earlier model did not say what it was trained on.
    """

    own: Hashes
    inherited: Hashes
    complete: bool = True

    @classmethod
    def of(cls, pairs: Hashes, base: "TrainedOn | None", *, complete: bool = True) -> "TrainedOn":
        """Returns that of a training.

        Args:
          pairs: of ``name_pairs``, of the rows that it learns from or is chosen on.
          base: that of the model that it begins with; None where it begins with none of ours.
          complete: false where it begins with one that does not say.
        """
        own = np.unique(pairs)
        nothing = np.zeros(0, np.uint64)
        inherited = base.all_names() if base else nothing
        return cls(own[own != NO_NAME], inherited, complete and (base is None or base.complete))

    def all_names(self) -> Hashes:
        """Returns uint64[n], sorted: its own and the inherited hashes."""
        return np.union1d(self.own, self.inherited)

    def to_bytes(self) -> bytes:
        """Returns the file's content, in NumPy's ``.npz`` form."""
        file = io.BytesIO()
        np.savez(file, own=self.own, inherited=self.inherited, complete=np.array(self.complete))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, path: str) -> "TrainedOn":
        """Reads what ``to_bytes`` wrote; ``path`` is for the error.

        Raises:
          ConfigError: it is no such file.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                own, inherited = arrays["own"], arrays["inherited"]
                complete = bool(arrays[_COMPLETE])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise ConfigError(_broken(path, str(error))) from error
        for array in (own, inherited):
            if array.dtype != np.uint64 or array.ndim != 1:
                raise ConfigError(_broken(path, f"{array.dtype}, {array.ndim} dimensions"))
        return cls(np.sort(own), np.sort(inherited), complete)


class SeenNames:
    """Tells rows whose clip or group is among hashes."""

    def __init__(self, hashes: Hashes) -> None:
        """Keeps the hashes, uint64[n], sorted."""
        self._hashes = hashes

    def rows(self, clips: Sequence[str], groups: Sequence[str | None]) -> list[bool]:
        """Returns for each row whether its clip or its group is among the hashes."""
        rows = list(zip(clips, groups, strict=True))
        pairs = list(dict.fromkeys(rows))
        hashes = name_pairs([clip for clip, _ in pairs], [group for _, group in pairs])
        is_pair_seen = dict(zip(pairs, is_seen(hashes, self._hashes).tolist(), strict=True))
        return [is_pair_seen[row] for row in rows]


def is_seen(pairs: Hashes, hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Returns bool[n]: whether the clip or the group of each pair is among sorted hashes."""
    if not len(hashes):
        return np.zeros(len(pairs), np.bool_)
    positions = np.minimum(np.searchsorted(hashes, pairs), len(hashes) - 1)
    seen: npt.NDArray[np.bool_] = ((hashes[positions] == pairs) & (pairs != NO_NAME)).any(axis=1)
    return seen


def _hash(kind: bytes, name: str | None) -> int:
    if not name:
        return NO_NAME
    content = kind + name.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") or 1


def _broken(path: str, received: str) -> str:
    return (
        f"The names that a model was trained on must be arrays of uint64 in {path}. Received: "
        f"{received}. Push the model again, or remove that version"
    )
