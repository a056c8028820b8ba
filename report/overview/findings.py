"""Findings of the data checks, and refused rows, as sentences in both languages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from report.translations import LEAKS, Pair, in_english, mood, same, split
from schemas import reasons
from schemas.documents.leaks import LeakCounts
from schemas.documents.validation import FindingRecord, Severity, Validation

KOREAN: dict[str, str] = {
    "usable_rows": "쓸 수 있는 행이 하나도 없습니다.",
    "refused_share": "제외된 행 {value:.1%}, 허용 {limit:.1%} (data.max_reject_fraction).",
    "mood_without_rows": "쓸 수 있는 행이 하나도 없는 감정이 있습니다{mood}.",
    "label_shift": "감정의 비율이 학습 데이터와 {value:.1%} 다릅니다. 허용 {limit:.1%} "
    "(validate.max_label_shift).",
    "box_shift": "박스나 사진의 평균이 학습 데이터와 표준편차의 {value:.1f}배 다릅니다. 허용 "
    "{limit:g} (validate.max_box_shift).",
    "box_statistics": "박스의 통계가 기준과 다릅니다.",
    "schema": "데이터가 스키마와 다릅니다.",
    "shared_clips": "다른 분할에도 있는 클립 {value:,.0f}개, 허용 {limit:,.0f}개 "
    "(leak.max_clips). 한쪽 CSV에서 빼거나 허용치를 올리세요.",
    "shared_groups": "다른 분할에도 있는 동물 {value:,.0f}마리, 허용 {limit:,.0f}마리 "
    "(leak.max_groups). 한쪽 CSV에서 빼거나 허용치를 올리세요.",
    "shared_pictures": "다른 분할의 사진과 거의 같은 프레임 {value:,.0f}개, 허용 {limit:,.0f}개 "
    "(leak.max_picture_share). 한쪽 CSV에서 빼거나 허용치를 올리세요.",
    "flat_pictures": "명암이 거의 없어 비교하지 못한 프레임 {value:,.0f}개.",
}
"""By the check of a finding, whose own message is in English."""
_OTHER = "검사 {check}에 걸렸습니다."
_MOOD = re.compile(r"No usable row has (.+)\.")

REASONS: dict[reasons.RejectReason, str] = {
    reasons.RejectReason.ROW_MALFORMED: "The row has another number of cells than the header, or "
    "is not CSV.",
    reasons.RejectReason.UNKNOWN_LABEL: "The mood is not in the label map.",
    reasons.RejectReason.BOX_MALFORMED: "The box is not four whole numbers.",
    reasons.RejectReason.BOX_NEGATIVE: "The box has a negative height or width.",
    reasons.RejectReason.BOX_EMPTY: "The box has no area.",
    reasons.RejectReason.DUPLICATE_ROW: "An earlier row has the same photo and box.",
    reasons.RejectReason.IMAGE_OUTSIDE_ROOT: "The photo lies outside of the image root.",
    reasons.RejectReason.IMAGE_MISSING: "The photo's file is missing or cannot be opened.",
    reasons.RejectReason.NOT_AN_IMAGE: "The file is no photo, or of an unsupported format.",
    reasons.RejectReason.IMAGE_TOO_LARGE: "The photo has too many pixels or bytes.",
    reasons.RejectReason.BOX_OUTSIDE_IMAGE: "The box reaches beyond the photo.",
    reasons.RejectReason.BOX_TOO_SMALL: "The box is too small.",
    reasons.RejectReason.IMAGE_TRUNCATED: "The photo's file is damaged.",
    reasons.RejectReason.UNEXPECTED_ERROR: "Reading the row has failed unexpectedly.",
    reasons.RejectReason.TOO_DARK: "The view inside the box is too dark.",
    reasons.RejectReason.TOO_BRIGHT: "The view inside the box is too bright.",
    reasons.RejectReason.LOW_CONTRAST: "The view inside the box has too little contrast.",
    reasons.RejectReason.BLURRED: "The view inside the box is blurred.",
}


@dataclass(frozen=True)
class FindingLine:
    """A finding; ``message`` is the validator's own, in English."""

    severity: Severity
    text: Pair
    message: str


def lines(validations: Sequence[Validation]) -> list[FindingLine]:
    """Returns the findings of the validators, the errors first."""
    found = [
        FindingLine(each["severity"], _sentence(each), each["message"])
        for validation in validations
        for each in validation["findings"]
    ]
    return sorted(found, key=lambda line: line.severity != "error")


def _sentence(finding: FindingRecord) -> Pair:
    korean_split, english_split = split(finding["split"])
    name = _MOOD.fullmatch(finding["message"])
    try:
        korean = KOREAN[finding["check"]].format(
            value=finding["value"],
            limit=finding["limit"],
            mood=f": {mood(name[1])[0]}" if name else "",
        )
    # A check of another version, or one without the figures.
    except (KeyError, TypeError, ValueError):
        korean = _OTHER.format(check=finding["check"])
    return f"{korean_split}: {korean}", f"{english_split}: {in_english(finding['message'])}"


def reason(name: str) -> Pair:
    """Returns the sentence of a reason to refuse a row; the name of another version's reason."""
    try:
        key = reasons.RejectReason(name)
    except ValueError:
        return same(name)
    return reasons.IN_KOREAN[key], REASONS[key]


def leak_counts(counts: LeakCounts) -> list[tuple[Pair, int]]:
    """Returns what two splits share, by kind."""
    return [(LEAKS[kind], counts[kind]) for kind in LEAKS]
