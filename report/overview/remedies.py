"""What helps against a check that failed, or a finding that refused the data."""

from report.translations import Pair
from schemas.documents.gate import CheckRecord

Remedy = tuple[Pair, str]
"""A sentence and what to type, "" where there is nothing to type."""

_CHECKS: dict[str, Remedy] = {
    "probabilities_are_numbers": (
        (
            "확률이 NaN이거나 무한대입니다. 학습률을 낮추고 train.precision=float32로 다시 "
            "학습하세요.",
            "Probabilities are NaN or infinite. Train again with a lower learning rate, in "
            "float32.",
        ),
        "--set train.learning_rate=0.00005 --set train.precision=float32",
    ),
    "over_majority": (
        (
            "최빈 감정만 답하는 것보다 확실히 낫지 않습니다. 더 오래 학습하거나, 구간을 좁히도록 "
            "평가 클립을 늘리세요. 한 에포크만 학습하는 --preset quick은 여기까지 오지 못합니다.",
            "It is not clearly better than always answering the commonest mood. Train longer, or "
            "evaluate on more clips, which narrows the interval. One epoch, as with --preset "
            "quick, is not enough.",
        ),
        "--set train.epochs=30",
    ),
    "macro_f1": (
        (
            "매크로 F1이 evaluate.min_macro_f1보다 낮습니다. 더 오래, 또는 더 많은 클립으로 "
            "학습하세요.",
            "Macro-F1 is below evaluate.min_macro_f1. Train longer, or on more clips.",
        ),
        "--set train.epochs=30",
    ),
    "calibrated": (
        (
            "확률이 정답률과 맞지 않습니다. 온도로 보정하세요.",
            "The probabilities do not match the share of right answers. Calibrate them.",
        ),
        "--set evaluate.calibrate=true",
    ),
    "rows_new_to_last_blessed": (
        (
            "지난번 통과 모델이 학습하지 않은 클립이 너무 적어 비교할 수 없습니다. 다른 클립으로 "
            "평가하거나 비교를 끄세요.",
            "Too few clips are new to the last blessed model to compare with it. Evaluate on "
            "other clips, or compare with no earlier model.",
        ),
        "--set evaluate.max_loss=1",
    ),
    "not_worse_than_last_blessed": (
        (
            "지난번 통과 모델보다 나쁠 수 있습니다. 두 실행의 설정과 데이터를 나란히 비교하세요.",
            "It may be worse than the last blessed model. Compare the settings and data of both "
            "runs.",
        ),
        "uv run python compare.py RUN RUN",
    ),
    "not_worse_on_any_mood": (
        (
            "지난번 통과 모델보다 나빠진 감정이 있습니다. 그 감정의 오답 예시와 행 수를 보세요.",
            "A mood has become worse than with the last blessed model. Look at its wrong answers "
            "and its number of rows.",
        ),
        "",
    ),
    "not_worse_on_any_species": (
        (
            "지난번 통과 모델보다 나빠진 종이 있습니다. 그 종의 행 수와 슬라이스 점수를 보세요.",
            "A species has become worse than with the last blessed model. Look at its number of "
            "rows and at the scores by slice.",
        ),
        "",
    ),
}
_FINDINGS: dict[str, Remedy] = {
    "usable_rows": (
        (
            "쓸 수 있는 행이 없습니다. 아래 이유를 보고 CSV의 경로와 박스를 고치세요.",
            "No row can be used. See the reasons below and correct the CSV's paths and boxes.",
        ),
        "",
    ),
    "refused_share": (
        (
            "제외된 행이 허용보다 많습니다. 아래 이유별 예시를 보고 CSV를 고치거나, 그만큼 빠져도 "
            "된다면 허용치를 올리세요.",
            "More rows are refused than allowed. Correct the CSV by the reasons below, or, if you "
            "accept the loss, raise the limit.",
        ),
        "--set data.max_reject_fraction=0.2",
    ),
    "label_shift": (
        (
            "감정의 비율이 분할마다 너무 다릅니다. 같은 방법으로 나누거나 "
            "validate.max_label_shift를 올리세요.",
            "The shares of the moods differ too much between the splits. Split them alike, or "
            "raise validate.max_label_shift.",
        ),
        "",
    ),
    "box_shift": (
        (
            "박스나 사진이 분할마다 너무 다릅니다. 같은 방법으로 나누거나 "
            "validate.max_box_shift를 올리세요.",
            "Boxes or photos differ too much between the splits. Split them alike, or raise "
            "validate.max_box_shift.",
        ),
        "",
    ),
    **dict.fromkeys(
        ("shared_clips", "shared_groups", "shared_pictures"),
        (
            (
                "같은 클립이나 동물이나 사진이 두 분할에 있습니다. 아래 목록의 행을 한쪽 CSV에서 "
                "빼세요. AI Hub 데이터는 dataset.prepare --animals-in-both가 처리합니다.",
                "Two splits share clips, animals or pictures. Take the rows listed below out of "
                "one CSV. For AI Hub's data, dataset.prepare --animals-in-both does it.",
            ),
            "",
        ),
    ),
}


def of_check(check: CheckRecord) -> Remedy:
    """Returns what helps against a check of the model that failed."""
    name = check["check"]
    other: Pair = (
        f"검사 {name}에 실패했습니다. 아래를 보세요.",
        f"The check {name} failed; see below.",
    )
    return _CHECKS.get(name, (other, ""))


def of_finding(check: str) -> Remedy:
    """Returns what helps against a finding that refused the data."""
    other: Pair = (
        "아래 발견 사항이 말하는 데이터를 고치세요.",
        "Correct the data that the findings below name.",
    )
    return _FINDINGS.get(check, (other, ""))
