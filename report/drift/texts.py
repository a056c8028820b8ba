"""Names of what is compared between requests and their reference."""

from report.translations import Pair, mood, same
from schemas.documents.drift import MOOD_TEST, DriftVerdict
from system.printable import printable

TITLE: Pair = ("요청의 변화", "Drift of the requests")
VERDICTS: dict[DriftVerdict, Pair] = {
    "steady": ("요청이 기준과 같습니다.", "The requests are like the reference."),
    "drift": ("요청이 달라졌습니다.", "The requests have changed."),
    "too_few": ("판단하기에 요청이 너무 적습니다.", "There are too few requests to tell."),
}
FACTS: dict[str, Pair] = {
    "brightness": ("밝기", "Brightness"),
    "contrast": ("대비", "Contrast"),
    "sharpness": ("선명도", "Sharpness"),
    "box_area": ("사진에서 박스가 차지하는 비율", "Share of the photo in the box"),
}
SHARES: dict[str, Pair] = {
    "unsure": ("잘 모름의 비율", "Share of unsure answers"),
    "no_animal": ("동물이 없는 사진의 비율", "Share of photos without an animal"),
    "unusable": ("쓸 수 없는 사진의 비율", "Share of unusable photos"),
}
MACRO_F1: Pair = ("추정 매크로 F1", "Estimated macro-F1")


def mood_name(name: str) -> Pair:
    """Returns a mood's name; one of somebody's own label map may have any characters."""
    korean, english = mood(name)
    return printable(korean), printable(english)


def test_name(test: str) -> Pair:
    """Returns the name of a test of ``schemas.documents.drift.Alarm``."""
    if test.startswith(MOOD_TEST):
        korean, english = mood_name(test.removeprefix(MOOD_TEST))
        return f"예측된 비율: {korean}", f"Share predicted: {english}"
    return FACTS.get(test) or SHARES.get(test) or same(printable(test))
