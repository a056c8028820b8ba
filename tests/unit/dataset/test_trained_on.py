"""The names that a model was trained on: hashes, their file, and the rows that it has seen."""

import numpy as np
import pytest

from dataset.trained_on import NO_NAME, SeenNames, TrainedOn, is_seen, name_pairs
from schemas.errors import ConfigError


def trained(clips, groups=None, base=None, **options):
    return TrainedOn.of(name_pairs(clips, groups or [None] * len(clips)), base, **options)


def seen(names, clips, groups):
    return SeenNames(names.all_names()).rows(clips, groups)


def test_a_row_is_seen_by_its_clip_or_by_its_animal():
    names = trained(["a", "a", "b"], ["Bello", "Bello", ""])
    assert seen(names, ["a", "b", "c", "c", "c"], [None, "Mimi", "Bello", "", None]) == [
        *(True, True, True, False, False)
    ]


def test_a_clip_is_not_taken_for_an_animal_of_its_name():
    assert seen(trained(["x"], ["y"]), ["y", "z"], ["x", "y"]) == [False, True]


def test_nothing_was_seen_without_names():
    assert seen(trained([]), ["a", "a"], [None, ""]) == [False, False]
    assert not is_seen(name_pairs(["a"], [None]), np.zeros(0, np.uint64)).any()


def test_pairs_are_distinct_and_an_unknown_animal_is_no_name():
    pairs = name_pairs(["a", "a", "a"], ["", None, "Bello"])
    assert (pairs[:, 1] == NO_NAME).sum() == 2
    assert len(np.unique(pairs, axis=0)) == 2
    assert NO_NAME not in trained(["a"], [""]).own


def test_a_warm_start_inherits_from_all_models_before():
    first = trained(["a"])
    second = trained(["b"], base=first)
    third = trained(["c"], base=second)
    assert seen(third, ["a", "b", "c", "d"], [None] * 4) == [True, True, True, False]
    inherited = SeenNames(third.inherited)
    assert inherited.rows(["a", "b", "c"], [None] * 3) == [True, True, False]
    assert third.complete
    assert not trained(["d"], base=trained(["c"], complete=False)).complete


def test_a_file_holds_all_of_it():
    names = trained(["a", "b"], ["Bello", None], base=trained(["c"]), complete=False)
    again = TrainedOn.from_bytes(names.to_bytes(), "x")
    assert not again.complete
    for written, read in zip(names[:2], again[:2], strict=True):
        np.testing.assert_array_equal(written, read)


def test_hashes_are_the_same_in_every_process():
    assert name_pairs(["cat-arch-000001"], ["Bello"]).tolist() == [
        [13367618580298633717, 14913146085701257810]
    ]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"\x93NUMPY"])
def test_a_broken_file_is_refused_in_words(content):
    with pytest.raises(ConfigError, match=r"arrays of uint64 in x\.npz\. Received"):
        TrainedOn.from_bytes(content, "x.npz")


def test_arrays_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, own=np.zeros(2), inherited=np.zeros(0, np.uint64), complete=True)
    with pytest.raises(ConfigError, match="Received: float64"):
        TrainedOn.from_bytes(path.read_bytes(), str(path))
    np.savez(path, own=np.array([object()]), inherited=np.zeros(0, np.uint64), complete=True)
    with pytest.raises(ConfigError, match="Received"):
        TrainedOn.from_bytes(path.read_bytes(), str(path))
