"""The texts of the page, each in Korean and English."""

from typing import NamedTuple

from schemas.documents.evaluation import ResamplingUnit, ScoreName
from schemas.documents.leaks import LeakKind
from schemas.documents.training import FittedOn

Pair = tuple[str, str]
"""(Korean, English)."""

TITLES: dict[str, Pair] = {
    "verdict": ("판정", "Verdict"),
    "data": ("데이터", "Data"),
    "refused": ("제외된 행", "Refused rows"),
    "findings": ("발견 사항", "Findings"),
    "distributions": ("분포", "Distributions"),
    "training": ("학습", "Training"),
    "scores": ("점수", "Scores"),
    "confusion": ("혼동 행렬", "Confusion matrix"),
    "moods": ("감정별 점수", "Scores by mood"),
    "slices": ("슬라이스별 점수", "Scores by slice"),
    "reliability": ("보정 도표", "Reliability diagram"),
    "right": ("가장 확신한 정답", "Most confident and right"),
    "wrong": ("가장 확신한 오답", "Most confident and wrong"),
    "unsure": ("가장 확신하지 못한 예측", "Least confident"),
    "trials": ("튜닝", "Tuning trials"),
    "certainty": ("모를 때 모른다고 하기", "Unsure answers"),
    "mood_calibration": ("감정별 보정", "Calibration by mood"),
    "model_card": ("모델 카드", "Model card"),
    "nodes": ("시간과 메모리", "Time and memory"),
    "settings": ("설정", "Settings"),
    "versions": ("버전", "Versions"),
}
"""Headings, by their ids in the page."""

ENDINGS: dict[str, Pair] = {
    "pushed": ("푸시됨", "Pushed"),
    "not_blessed": ("푸시되지 않음", "Not pushed"),
    "data_refused": ("데이터 거부됨", "Data refused"),
    "failed": ("실패", "Failed"),
    "data_passed": ("데이터 검사 통과", "Data accepted"),
}
"""By ``ending`` of ``report.json``."""

SCORES: dict[ScoreName, Pair] = {
    "macro_f1": ("매크로 F1", "macro-F1"),
    "balanced_accuracy": ("균형 정확도", "balanced accuracy"),
    "accuracy": ("정확도", "accuracy"),
    "ece": ("보정 오차", "calibration error"),
}
MOOD_SCORES: dict[str, Pair] = {
    "precision": ("정밀도", "precision"),
    "recall": ("재현율", "recall"),
    "f1": ("F1", ""),
}
PREDICTORS: dict[str, Pair] = {
    "model": ("모델", "model"),
    "majority": ("최빈 감정", "majority"),
    "baseline": ("지난번 통과 모델", "last blessed"),
    "compared": ("비교 모델", "compared"),
}
LEAKS: dict[LeakKind, Pair] = {
    "clips": ("클립", "clips"),
    "groups": ("그룹", "groups"),
    "pictures": ("사진", "pictures"),
}
SEVERITIES: dict[str, Pair] = {"error": ("오류", "error"), "warning": ("경고", "warning")}


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

FITTED_ON: dict[FittedOn, Pair] = {
    "validation": (
        "온도와 기준은 validation 행으로 정했습니다.",
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
    "drawings": (
        "이 모델은 프로젝트가 그린 그림으로 학습했습니다. 실제 사진에 대한 답은 의미가 없습니다.",
        "This model was trained on drawings of the project. Its answers for real photos mean "
        "nothing.",
    ),
    "unsure_below": ("잘 모름으로 표시하는 확률 기준", "Unsure below a probability of"),
    "unsure_share": ("잘 모름", "unsure"),
    "sure_accuracy": ("나머지의 정확도", "accuracy of the others"),
    "unsure_accuracy": ("잘 모름의 정확도", "accuracy of the unsure"),
    "no_threshold": (
        "기준이 없어 어떤 답도 잘 모름으로 표시되지 않습니다 (data.validation_fraction).",
        "There is no threshold, so that no answer is unsure (data.validation_fraction).",
    ),
    "temperature": ("온도", "Temperature"),
    "mood_calibration": (
        "평균 확률이 비율보다 크면 그 감정을 너무 자주 말합니다.",
        "A mean probability above the share claims the mood too often.",
    ),
    "mean_probability": ("평균 확률", "mean probability"),
    "share": ("비율", "share of the rows"),
    "title": ("반려동물 감정 모델", "Pet mood"),
    "contents": ("목차", "Contents"),
    "passed": ("통과", "passed"),
    "failed": ("실패", "failed"),
    "none": ("없음", "none"),
    "not_reached": ("없음", "The run did not get this far."),
    "mood": ("감정", "mood"),
    "used": ("사용", "used"),
    "clipped": ("사진 밖을 잘라 낸 상자", "used, with a clipped box"),
    "thinned": ("솎아냄", "thinned"),
    "refused": ("제외", "refused"),
    "leaks": ("누출", "in two splits"),
    "shared_rows": (
        "검증 데이터가 따로 없어, 모델을 고른 행으로 평가도 했습니다. 점수가 실제보다 조금 "
        "높습니다 (data.validation_fraction, --validation-csv).",
        "There is no validation split: the eval rows that judge the model have also chosen it, so "
        "that its scores are a little too good (data.validation_fraction, --validation-csv).",
    ),
    "own_validation": (
        "에포크, 설정, 온도는 validation 행으로 골랐고, 점수는 eval 행으로만 한 번 냈습니다.",
        "Epoch, settings and temperature were chosen on the validation rows; the scores are of the "
        "eval rows alone, which were looked at once.",
    ),
    "examples": ("예시", "examples"),
    "kind": ("종류", "kind"),
    "trial": ("시도", "trial"),
    "time": ("시간", "time"),
    "settings": ("설정", "settings"),
    "frames": ("프레임", "frames"),
    "clips": ("클립", "clips"),
    "by_frame": ("프레임별", "per frame"),
    "by_clip": ("클립별", "per clip"),
    "new_rows": (
        "이 모델이 학습하지 않은 프레임만",
        "frames that it was not trained on",
    ),
    "confusion": (
        "행: 정답, 열: 예측",
        "rows: true mood, columns: predicted mood; count and share of the row",
    ),
    "true_mood": ("정답", "true mood"),
    "node": ("단계", "node"),
    "peak_memory": ("최대 메모리", "peak memory, MiB"),
    "reused": ("재사용", "reused"),
}
"""All other texts."""
