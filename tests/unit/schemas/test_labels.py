"""The label map: its order, its file, and faulty ones."""

import json
import unicodedata

import pytest

from schemas.labels import DEFAULT_MOODS, LabelMapError, moods_from_mapping, read_moods, to_json


def test_the_default_order_is_that_of_the_original_project():
    original = {
        "화남/불쾌": 0,
        "공포": 1,
        "행복/즐거움": 2,
        "편안/안정": 3,
        "공격성": 4,
        "불안/슬픔": 5,
    }
    assert moods_from_mapping(original) == DEFAULT_MOODS
    assert json.loads(to_json(DEFAULT_MOODS)) == original


def test_the_order_is_that_of_the_indices_and_not_of_the_file():
    assert moods_from_mapping({"b": 1, "a": 2, "c": 0}) == ("c", "b", "a")


def test_a_file_may_have_a_bom_and_decomposed_names(tmp_path):
    path = tmp_path / "label.json"
    text = json.dumps({"공포": 0, "공격성": 1}, ensure_ascii=False)
    path.write_text("\ufeff" + unicodedata.normalize("NFD", text), encoding="utf-8")
    assert read_moods(path) == ("공포", "공격성")


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"a": 0},
        {"a": 0, "b": 2},
        {"a": 1, "b": 2},
        {"a": 0, "b": 0},
        {"a": 0, "b": "1"},
        {"a": 0, "b": True},
        {"a": 0, " a ": 1},
        {"a": 0, "": 1},
        ["a", "b"],
    ],
)
def test_gaps_duplicates_and_other_types_are_refused(mapping):
    with pytest.raises(LabelMapError, match="Received"):
        moods_from_mapping(mapping)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]"])
def test_a_file_that_is_not_a_label_map_is_refused(tmp_path, content):
    path = tmp_path / "label.json"
    path.write_bytes(content)
    with pytest.raises(LabelMapError):
        read_moods(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(LabelMapError, match="cannot be read"):
        read_moods(tmp_path / "none.json")
