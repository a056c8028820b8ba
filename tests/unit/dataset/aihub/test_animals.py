"""Tests of dataset.aihub.animals."""

from collections.abc import Sequence

import pytest

from dataset.aihub.animals import AnimalClip, AnimalsBy, group_clips


def clip(name: str, seq: int, **changes: str) -> AnimalClip:
    unchanged = AnimalClip(name, "CAT", seq, "20201028", "페르시안", "14", "FEMALE", "혼날 때")
    return unchanged._replace(**changes)  # type: ignore[arg-type]


def joined(clips: Sequence[AnimalClip], by: AnimalsBy = "situation") -> set[frozenset[str]]:
    """Returns the names of the clips of each group."""
    groups = group_clips(clips, by)
    return {
        frozenset(name for name, other in groups.items() if other == group)
        for group in groups.values()
    }


def sets(*texts: str) -> set[frozenset[str]]:
    return {frozenset(text) for text in texts}


def test_a_gap_of_three_continues_a_group_and_a_gap_of_four_starts_a_new_one() -> None:
    # The second begins in the next range of 128 numbers.
    clips = [clip("a", 121), clip("b", 124), clip("c", 128), clip("d", 129)]
    assert joined(clips) == sets("ab", "cd")


def test_a_group_may_span_more_than_the_gap() -> None:
    clips = [clip("a", 125), clip("b", 128), clip("c", 131), clip("d", 134)]
    assert joined(clips) == sets("abcd")


def test_equal_descriptions_with_numbers_of_one_range_are_one_animal() -> None:
    assert joined([clip("a", 0), clip("b", 127), clip("c", 200)]) == sets("ab", "c")


@pytest.mark.parametrize(
    ("changes", "by_day", "by_looks"),
    [
        ({"species": "DOG"}, False, False),
        ({"breed": "샴"}, False, False),
        ({"age": "13"}, False, False),
        ({"gender": "MALE"}, False, False),
        ({"date": "20201029"}, False, True),
        ({"situation": "빗질할 때"}, True, True),
    ],
)
def test_different_descriptions_separate_neighbours(
    changes: dict[str, str], by_day: bool, by_looks: bool
) -> None:
    clips = [clip("a", 1), clip("b", 2, **changes)]
    assert joined(clips, "situation") == sets("a", "b")
    assert joined(clips, "day") == (sets("ab") if by_day else sets("a", "b"))
    assert joined(clips, "looks") == (sets("ab") if by_looks else sets("a", "b"))


def test_an_animal_filmed_in_turns_with_another_is_one_group() -> None:
    clips = [clip("a", 1), clip("b", 2, breed="샴"), clip("c", 3), clip("d", 4, breed="샴")]
    assert joined(clips) == sets("ac", "bd")


@pytest.mark.parametrize("by", ["situation", "day", "looks"])
def test_the_order_of_the_clips_does_not_matter(by: AnimalsBy) -> None:
    clips = [clip("a", 5), clip("b", 6), clip("c", 200)]
    assert group_clips(clips[::-1], by) == group_clips(clips, by)


def test_no_clips_make_no_groups() -> None:
    assert group_clips([], "situation") == {}


def test_a_lower_number_hardly_ever_changes_a_groups_name() -> None:
    changed = 0
    for first in range(2000):
        clips = [clip(name, 1000 + first + 2 * n) for n, name in enumerate("abcd")]
        before = group_clips(clips, "situation")
        after = group_clips([clip("new", 998 + first), *clips], "situation")
        changed += after["a"] != before["a"]
    # With the first clip's name all 2,000 were other names.
    assert changed <= 2000 * 0.03


def test_known_clips_keep_their_groups_and_a_new_one_joins_the_nearest() -> None:
    # z has the number of a, and was another animal's.
    known = {"a": "first", "c": "second", "z": "third"}
    clips = [clip("a", 10), clip("z", 10), clip("b", 12), clip("c", 15), clip("d", 17)]
    clips.append(clip("e", 900))
    groups = group_clips(clips, "situation", known)
    assert groups == known | {"b": "first", "d": "second", "e": groups["e"]}
    assert groups["e"] not in known.values()
