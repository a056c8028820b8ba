"""Names that two splits have in common."""

import pyarrow as pa
import pytest

from dataset.shared_names import shared_names


def column(*names: str) -> pa.ChunkedArray:
    return pa.chunked_array([list(names)], pa.string())


def shared(train: list[pa.ChunkedArray], evaluation: list[pa.ChunkedArray]):
    found = shared_names(train, evaluation)
    return list(zip(found.train_row.tolist(), found.eval_row.tolist(), strict=True))


def test_a_common_name_is_returned_once_with_its_first_rows():
    train = [column("a", "b", "b", "고양이-1"), column("c", "b", "a")]
    evaluation = [column("x", "b"), column("고양이-1", "b", "y")]
    assert shared(train, evaluation) == [(1, 1), (3, 2)]


def test_pairs_come_in_the_order_of_the_train_rows():
    names = [str(number) for number in range(50)]
    assert shared([column(*names)], [column(*reversed(names))]) == [(i, 49 - i) for i in range(50)]


def test_names_that_differ_in_one_character_are_different():
    assert shared([column("a", "clip-1", "B")], [column("a ", "clip-10", "b")]) == []


def test_an_empty_cell_is_no_name():
    assert shared([column("", "a", "")], [column("", "b")]) == []


@pytest.mark.parametrize(
    ("train", "evaluation"),
    [([], [column("a")]), ([column("a")], []), ([pa.chunked_array([], pa.string())], [column()])],
)
def test_a_split_without_rows_shares_nothing(train, evaluation):
    assert shared(train, evaluation) == []
