"""Finds names of clips or groups that are in both splits, for up to two million rows.

In data without clips every photo is its own clip, so there may be as many names as rows. Names
are compared as 64-bit hashes. For two million names against one million, the probability that
two different names have the same hash is 1e-7.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from system.arrow import pa

Int64s = npt.NDArray[np.int64]


class SharedNames(NamedTuple):
    """Each common name once: the first row of that name in either split.

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

    It holds the eval names (some 16 bytes each) and one batch in memory.

    Args:
      train: strings, one name per row, in batches; "" means that the row has no name.
      evaluation: names of the eval split, in the same form.
    """
    eval_hashes, eval_rows = _first_rows(_name_hashes(evaluation))
    common = (
        (hashes[is_common], rows[is_common])
        for hashes, rows in _name_hashes(train)
        if (is_common := np.isin(hashes, eval_hashes)).any()
    )
    common_hashes, train_rows = _first_rows(common)
    by_train_row = np.argsort(train_rows)
    matching_rows = eval_rows[np.searchsorted(eval_hashes, common_hashes)]
    return SharedNames(train_rows[by_train_row], matching_rows[by_train_row])


def _name_hashes(
    batches: Iterable[pa.ChunkedArray],
) -> Iterator[tuple[npt.NDArray[np.uint64], Int64s]]:
    """Yields the hashes of each batch's names, and the first row of each name."""
    first_row_of_batch = 0
    for column in batches:
        names = column.combine_chunks().dictionary_encode()
        # The dictionary is in the order of the names' first rows.
        _, rows = np.unique(names.indices.to_numpy(), return_index=True)
        values = np.array(names.dictionary.to_pylist(), object)
        has_name = values != ""
        hashes: npt.NDArray[np.uint64] = pd.util.hash_array(values[has_name], categorize=False)
        yield hashes, rows[has_name] + first_row_of_batch
        first_row_of_batch += len(column)


def _first_rows(
    batches: Iterable[tuple[npt.NDArray[np.uint64], Int64s]],
) -> tuple[npt.NDArray[np.uint64], Int64s]:
    """Returns the unique hashes in ascending order, and the first row of each."""
    hashes, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for batch_hashes, batch_rows in batches:
        hashes.append(batch_hashes)
        rows.append(batch_rows)
    unique_hashes, first = np.unique(np.concatenate(hashes), return_index=True)
    return unique_hashes, np.concatenate(rows)[first]
