"""Tests of dataset.aihub.animals."""

from dataset.aihub.animals import AnimalClip, group_clips


def clip(name: str, seq: int, **changes: str) -> AnimalClip:
    unchanged = AnimalClip(name, "CAT", seq, "20201028", "페르시안", "14", "FEMALE", "혼날 때")
    return unchanged._replace(**changes)  # type: ignore[arg-type]


def test_a_gap_of_three_continues_a_group_and_a_gap_of_four_starts_a_new_one() -> None:
    clips = [clip("a", 10), clip("b", 13), clip("c", 17), clip("d", 18)]
    assert group_clips(clips) == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_a_group_may_span_more_than_the_gap() -> None:
    clips = [clip(str(seq), seq) for seq in (1, 4, 7, 10)]
    assert group_clips(clips) == {"1": "1", "4": "1", "7": "1", "10": "1"}


def test_any_different_trait_separates_neighbours() -> None:
    for changes in (
        {"species": "DOG"},
        {"date": "20201029"},
        {"breed": "샴"},
        {"age": "13"},
        {"gender": "MALE"},
        {"situation": "빗질할 때"},
    ):
        assert group_clips([clip("a", 1), clip("b", 2, **changes)]) == {"a": "a", "b": "b"}


def test_an_animal_filmed_in_turns_with_another_is_one_group() -> None:
    clips = [clip("a", 1), clip("b", 2, breed="샴"), clip("c", 3), clip("d", 4, breed="샴")]
    assert group_clips(clips) == {"a": "a", "b": "b", "c": "a", "d": "b"}


def test_the_order_of_the_clips_does_not_matter() -> None:
    clips = [clip("a", 5), clip("b", 6), clip("c", 20)]
    assert group_clips(reversed(clips)) == group_clips(clips)


def test_no_clips_make_no_groups() -> None:
    assert group_clips([]) == {}
