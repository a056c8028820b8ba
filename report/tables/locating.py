"""Table of how well the locator finds animals, where the run has trained one."""

from collections.abc import Mapping
from typing import Any

from report.tables.scores import slice_title
from report.tables.table import Column, Table, heading, number, score, share
from report.translations import Pair

_ALL: Pair = ("모든 사진", "All photos")


def table(locator: Mapping[str, Any] | None) -> Table | None:
    """Returns the found share and the IoU of ``LocatorScores``, all and by slice.

    None where no locator was judged on a photo.
    """
    if not locator or not locator["scenes"]:
        return None
    columns = [
        Column(("사진", "Photos")),
        Column(("사진 수", "Count"), True),
        Column(("찾은 비율", "Found"), True),
        Column(("평균 IoU", "Mean IoU"), True),
    ]
    named = [(_ALL, locator)]
    named += [(slice_title(name), each) for name, each in locator["slices"].items()]
    rows = [
        [
            heading(title),
            number(each["scenes"]),
            share(each["found_share"]),
            score(each["mean_iou"]),
        ]
        for title, each in named
    ]
    return Table("locator", ("동물 찾기", "Finding the animal"), columns, rows)


def empty(locator: Mapping[str, Any]) -> Pair:
    """Returns what the locator says of pictures without an animal, as a sentence."""
    false, auroc = locator["false_share"], locator["auroc"]
    if false is None:
        return "동물이 없는 사진은 없었습니다.", "There were no pictures without an animal."
    area = "" if auroc is None else f", AUROC {auroc:.3f}"
    return (
        f"박스 밖 배경을 잘라 낸 사진 {locator['empty_pictures']:,}장 중 {false:.1%}에서 "
        f"동물을 잘못 찾았습니다{area}.",
        f"In {false:.1%} of {locator['empty_pictures']:,} cut-outs of background beside the boxes "
        f"it finds an animal{area}.",
    )
