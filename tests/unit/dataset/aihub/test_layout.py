"""Tests of dataset.aihub.layout."""

import unicodedata

import pytest

from dataset.aihub.layout import Place, is_archive


def place_of(path: str) -> Place:
    place = Place()
    for name in path.split("/"):
        place = place.inside(name)
    return place


@pytest.mark.parametrize(
    ("labels", "images", "split", "species"),
    [
        ("train/cat/labels/arch", "train/cat/images/arch", "train", "cat"),
        ("Training/CAT/라벨", "Training/CAT/원천", "train", "cat"),
        ("동물 영상/Validation/라벨링데이터_1", "동물 영상/Validation/원천데이터_1", "val", ""),
        ("1.데이터/1.Training/02.라벨링데이터/TL_개", "1.데이터/1.Training/01.원천데이터/TS_개",
         "train", "dog"),
        ("validation/label/[라벨] SIT", "validation/image/[원본] SIT", "val", ""),
        ("VL1.zip", "VS1.zip", "val", ""),
        ("1.Training/labels/TL1/TL1", "1.Training/images/TS1", "train", ""),
        ("train_labels/dogs", "train_images/dogs", "train", "dog"),
        ("[라벨]Validation/고양이", "[원천]Validation/고양이", "val", "cat"),
        ("학습데이터/라벨링 데이터", "학습데이터/원천 데이터", "train", ""),
        ("검증/data_json", "검증/data_image", "val", ""),
    ],
)  # fmt: skip
def test_labels_and_images_that_belong_together_differ_in_their_kind_alone(
    labels: str, images: str, split: str, species: str
) -> None:
    for form in ("NFC", "NFD"):
        found = place_of(unicodedata.normalize(form, labels))
        assert found == place_of(images)._replace(kind="labels")
        assert (found.split, found.species, place_of(images).kind) == (split, species, "images")


@pytest.mark.parametrize("name", ["trainer", "valley", "TAILING", "TLING", "labelled4u", "imagery"])
def test_words_that_only_begin_alike_say_nothing(name: str) -> None:
    assert place_of(name)[:3] == ("", "", "")


@pytest.mark.parametrize(
    "name", ["개와 고양이", "고양이와 개", "dog-and-cat", "반려견 반려묘 영상"]
)
def test_a_title_with_more_words_names_no_species(name: str) -> None:
    assert place_of(f"{name}/Training").species == ""
    assert place_of(f"{name}/TL_CAT_2").species == "cat"


def test_the_inner_of_two_words_counts() -> None:
    assert place_of("train/Validation/images/라벨")[:2] == ("val", "labels")


def test_archives_are_told_by_their_names() -> None:
    assert all(map(is_archive, ("TL1.zip", "a.TAR.GZ", "TS.zip.part0", "x.z01")))
    assert not any(map(is_archive, ("TL1", "a.json", "zip")))
