"""Names of clips or animals that two splits have in common, at two million rows.

Where the data has no clips every photo is one, so the names may be as many as the rows. They
are compared as 64-bit hashes: among two million names against one million, that two differ and
have the same hash has a probability of 1e-7.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Int64s = npt.NDArray[np.int64]


class SharedNames(NamedTuple):
    """Each common name once, by the first row that has it in either split.

    Attributes:
      train_row: int64[k], ascending.
      eval_row: int64[k].
    """

    train_row: Int64s
    eval_row: Int64s


def shared_names(
    train: Iterable[pa.ChunkedArray], evaluation: Iterable[pa.ChunkedArray]
) -> SharedNames:
    """Finds the names that both splits have.

    Memory is that of the eval names (some 16 bytes each) and of one batch.

    Args:
      train: strings, a name a row, in batches; "" is no name.
      evaluation: likewise.
    """
    asked, eval_rows = _first_rows(_hashed(evaluation))
    common = (
        (hashes[hit], rows[hit])
        for hashes, rows in _hashed(train)
        if (hit := np.isin(hashes, asked)).any()
    )
    found, train_rows = _first_rows(common)
    in_order = np.argsort(train_rows)
    matching = eval_rows[np.searchsorted(asked, found)]
    return SharedNames(train_rows[in_order], matching[in_order])


def _hashed(
    batches: Iterable[pa.ChunkedArray],
) -> Iterator[tuple[npt.NDArray[np.uint64], Int64s]]:
    """Yields the hashes of each batch's names and the first row of each."""
    before = 0
    for column in batches:
        names = column.combine_chunks().dictionary_encode()
        # In the dictionary's order, which is that of the first rows.
        _, rows = np.unique(names.indices.to_numpy(), return_index=True)
        values = np.array(names.dictionary.to_pylist(), object)
        named = values != ""
        hashes: npt.NDArray[np.uint64] = pd.util.hash_array(values[named], categorize=False)
        yield hashes, rows[named] + before
        before += len(column)


def _first_rows(
    parts: Iterable[tuple[npt.NDArray[np.uint64], Int64s]],
) -> tuple[npt.NDArray[np.uint64], Int64s]:
    """Returns the hashes in order, each once, and the first row of each."""
    hashes, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for some_hashes, some_rows in parts:
        hashes.append(some_hashes)
        rows.append(some_rows)
    distinct, first = np.unique(np.concatenate(hashes), return_index=True)
    return distinct, np.concatenate(rows)[first]
