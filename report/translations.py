"""The texts of the page, each in Korean and English; the page shows one of the two."""

from typing import NamedTuple

from schemas.documents.evaluation import ScoreName
from schemas.documents.intervals import ResamplingUnit
from schemas.documents.leaks import LeakKind
from schemas.documents.training import FittedOn
from schemas.labels import MOODS_IN_ENGLISH
from schemas.splits import EVAL, TRAIN, VALIDATION

Pair = tuple[str, str]
"""(Korean, English)."""


def same(text: object) -> Pair:
    """Returns what is the same in both languages, such as a number or the name of a file."""
    return str(text), str(text)


def mood(name: str) -> Pair:
    """Returns a mood's name; one of the user's own label map is the same in both languages."""
    return name, MOODS_IN_ENGLISH.get(name, name)


def in_english(message: str) -> str:
    """Returns an English message with AI Hub's moods, which it names in Korean, in English."""
    for korean, english in MOODS_IN_ENGLISH.items():
        message = message.replace(korean, english)
    return message


def split(name: str) -> Pair:
    """Returns a split's name."""
    return SPLITS.get(name, same(name))


SPLITS: dict[str, Pair] = {
    TRAIN: ("학습", "train"),
    VALIDATION: ("검증", "validation"),
    EVAL: ("평가", "eval"),
}

TITLES: dict[str, Pair] = {
    "verdict": ("판정", "Verdict"),
    "next": ("다음에 할 일", "What to do next"),
    "checks": ("통과 조건", "Acceptance checks"),
    "trend": ("최근 실행과의 비교", "Trend over the last runs"),
    "data": ("데이터", "Data"),
    "refused": ("제외된 행", "Refused rows"),
    "findings": ("발견 사항", "Findings"),
    "distributions": ("분포", "Distributions"),
    "training": ("학습", "Training"),
    "scores": ("점수", "Scores"),
    "confusion": ("혼동 행렬", "Confusion matrix"),
    "confused": ("가장 많이 혼동한 감정", "Most confused moods"),
    "moods": ("감정별 점수", "Scores by mood"),
    "slices": ("슬라이스별 점수", "Scores by slice"),
    "boxes": ("박스 출처별 점수", "Scores by the source of the box"),
    "locator": ("동물 찾기", "Finding the animal"),
    "reliability": ("확률 보정", "Calibration"),
    "threshold": ("확신 기준", "Confidence threshold"),
    "galleries": ("예측 예시", "Examples of predictions"),
    "trials": ("튜닝", "Tuning trials"),
    "model_card": ("모델 카드", "Model card"),
    "exports": ("내보낸 모델", "Exported models"),
    "nodes": ("시간과 메모리", "Time and memory"),
    "settings": ("설정", "Settings"),
    "files": ("파일", "Files"),
    "versions": ("버전", "Versions"),
}
"""Headings, by their ids in the page."""

ENDINGS: dict[str, Pair] = {
    "pushed": ("푸시됨", "Pushed"),
    "smoke_test": ("시험 실행 통과 (모델은 푸시하지 않음)", "Smoke test passed (no model pushed)"),
    "not_blessed": ("푸시되지 않음", "Not pushed"),
    "data_refused": ("데이터 거부됨", "Data refused"),
    "failed": ("실패", "Failed"),
    "data_passed": ("데이터 검사 통과", "Data accepted"),
}
"""By ``ending`` of ``report.json``."""

SCORES: dict[ScoreName, Pair] = {
    "macro_f1": ("매크로 F1", "Macro-F1"),
    "balanced_accuracy": ("균형 정확도", "Balanced accuracy"),
    "accuracy": ("정확도", "Accuracy"),
    "ece": ("보정 오차", "Calibration error"),
}
MOOD_SCORES: dict[str, Pair] = {
    "precision": ("정밀도", "Precision"),
    "recall": ("재현율", "Recall"),
    "f1": same("F1"),
}
PREDICTORS: dict[str, Pair] = {
    "model": ("새 모델", "New model"),
    "majority": ("기준선: 최빈 감정", "Baseline: commonest mood"),
    "baseline": ("지난번 통과 모델", "Last blessed"),
    "compared": ("비교 모델", "Compared"),
}
LEAKS: dict[LeakKind, Pair] = {
    "clips": ("클립", "clips"),
    "groups": ("그룹", "groups"),
    "pictures": ("사진", "pictures"),
}
SEVERITIES: dict[str, Pair] = {"error": ("오류", "Error"), "warning": ("경고", "Warning")}


class Check(NamedTuple):
    """Korean for one of the Evaluator's checks, whose messages are in English.

    Attributes:
      question: what is checked.
      figures: the measured ``{value}`` and its ``{limit}``.
    """

    question: str
    figures: str


CHECKS = {
    "probabilities_are_numbers": Check(
        "확률이 모두 유한한 수인가?",
        "확률이 NaN이거나 무한대인 행 {value:.0f}개, 허용 {limit:.0f}개",
    ),
    "over_majority": Check(
        "가장 흔한 감정만 답하는 것보다 나은가?",
        "매크로 F1 차이의 95 % 구간 하한 {value:+.3f}, 기준 {limit:+.3f} 이상",
    ),
    "calibrated": Check(
        "확률이 정답률과 맞는가?",
        "보정 오차 {value:.3f}, 기준 {limit:.3f} 이하",
    ),
    "macro_f1": Check(
        "매크로 F1이 충분한가?",
        "매크로 F1 {value:.3f}, 기준 {limit:.3f} 이상",
    ),
    "rows_new_to_last_blessed": Check(
        "지난번 통과 모델이 학습하지 않은 클립이 있는가?",
        "비교할 수 있는 동물과 클립 {value:.0f}개, 기준 {limit:.0f}개 이상",
    ),
    "not_worse_than_last_blessed": Check(
        "지난번 통과 모델보다 나쁘지 않은가?",
        "매크로 F1 차이의 95 % 구간 하한 {value:+.3f}, 기준 {limit:+.3f} 이상",
    ),
    "not_worse_on_any_mood": Check(
        "어느 감정에서도 나빠지지 않았는가?",
        "감정별 F1 차이의 95 % 구간 상한 중 최솟값 {value:+.3f}, 기준 {limit:+.3f} 이상",
    ),
    "not_worse_on_any_species": Check(
        "어느 종에서도 나빠지지 않았는가?",
        "종별 매크로 F1 차이의 95 % 구간 상한 중 최솟값 {value:+.3f}, 기준 {limit:+.3f} 이상",
    ),
}
RESAMPLED: dict[ResamplingUnit, Pair] = {
    "groups": ("95 % 구간은 동물을 다시 뽑아 구함", "95 % intervals by resampling animals"),
    "clips": ("95 % 구간은 클립을 다시 뽑아 구함", "95 % intervals by resampling clips"),
    "groups_and_clips": (
        "95 % 구간은 동물(모르면 클립)을 다시 뽑아 구함",
        "95 % intervals by resampling animals, and clips of unknown animals",
    ),
}
"""What the intervals are drawn from."""
NO_FIGURES = "측정할 수 없음"
"""In place of a check's figures where its value is NaN or infinite."""
SERVABLE_QUESTION = "서빙 모델이 제대로 답하는가?"
"""The question of every check of the ServableCheck."""

BOX_SOURCES: dict[str, Pair] = {
    "given": ("박스를 준 사진", "box given"),
    "found": ("모델이 찾은 박스", "box found by the model"),
    "whole": ("사진 전체", "whole photo"),
}
"""Where the boxes of an answer come from."""
FITTED_ON: dict[FittedOn, Pair] = {
    "validation": (
        "온도와 기준은 검증 행으로 정했습니다.",
        "Temperature and threshold were chosen on the validation rows.",
    ),
    "eval": (
        "온도와 기준은 평가 클립의 절반으로 정했고, 점수는 나머지 절반으로 냈습니다.",
        "Temperature and threshold were chosen on half of the eval clips; the scores are of the "
        "other half.",
    ),
    "": ("온도도 기준도 정하지 않았습니다.", "Neither temperature nor threshold was chosen."),
}
"""By ``fitted_on`` of ``METRICS_JSON``."""

TEXTS: dict[str, Pair] = {
    "title": ("반려동물 감정 모델", "Pet mood"),
    "contents": ("목차", "Contents"),
    "passed": ("통과", "Passed"),
    "failed": ("실패", "Failed"),
    "none": ("없음", "None"),
    "drawings": (
        "이 모델은 프로젝트가 그린 그림으로 학습했습니다. 실제 사진에 대한 답은 의미가 없습니다.",
        "This model was trained on drawings of the project. Its answers for real photos mean "
        "nothing.",
    ),
    "not_reached": ("여기까지 실행되지 않았습니다.", "The run did not get this far."),
    "message": ("프로그램 메시지 원문 (영어)", "Message of the program"),
    "shared_rows": (
        "검증 데이터가 따로 없어, 모델을 고른 행으로 평가도 했습니다. 점수가 실제보다 조금 "
        "높습니다 (data.validation_fraction, --validation-csv).",
        "There is no validation split: the eval rows that judge the model have also chosen it, so "
        "that its scores are a little too good (data.validation_fraction, --validation-csv).",
    ),
    "own_validation": (
        "에포크, 설정, 온도는 검증 행으로 골랐고, 점수는 평가 행으로만 한 번 냈습니다.",
        "Epoch, settings and temperature were chosen on the validation rows; the scores are of the "
        "eval rows alone, which were looked at once.",
    ),
    "by_frame": ("프레임별", "Per frame"),
    "by_clip": ("클립별", "Per clip"),
    "confusion": (
        "행은 정답, 열은 예측입니다. 칸에는 개수와 그 행에서 차지하는 비율이 있고, 진할수록 "
        "비율이 큽니다.",
        "Rows are true moods, columns predicted ones. A cell has the number and its share of the "
        "row; the darker, the larger the share.",
    ),
    "heat": (
        "왼쪽은 모델이 본 영역, 오른쪽은 그 위에 겹친 Grad-CAM 열지도입니다. 색은 사진마다 따로 "
        "맞춘 값이라 사진끼리 비교할 수 없습니다. 지도는 거칠며, 모델이 왜 그렇게 답했는지를 "
        "증명하지 않습니다.",
        "Left is what the network saw, right the Grad-CAM heat map over it. Colours are scaled to "
        "each photo and do not compare between photos. The map is coarse, and no proof of why the "
        "model answered so.",
    ),
    "heat_low": ("영향 없음", "No influence"),
    "heat_high": ("이 사진에서 가장 큼", "Largest in this photo"),
    "calibration": (
        "점 하나는 확률이 비슷한 예측들이고, 클수록 많습니다. 점선 위에 있으면 확률이 정답률과 "
        "같습니다.",
        "A point stands for predictions of about the same probability, and is the larger the more "
        "they are. On the dashed line the probability equals the share of right answers.",
    ),
    "true_mood": ("정답", "True mood"),
    "surest_first": (
        "감정마다 가장 확신한 정답과 오답입니다. 오답 가운데에는 라벨이 틀린 행도 있을 수 "
        "있습니다. 클립마다 한 장만 보입니다.",
        "The most confident right and wrong answers by true mood. Some wrong ones may be rows "
        "whose "
        "label is wrong. Each clip is shown once at most.",
    ),
    "changed": ("바꾼 값", "Changed"),
    "reused": ("재사용", "Reused"),
}
"""All other texts."""
