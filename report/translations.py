"""The page's headings and words, in Korean and English."""

TITLES = {
    "verdict": ("판정", "Verdict"),
    "data": ("데이터", "Data"),
    "refused": ("제외된 행", "Refused rows"),
    "findings": ("발견 사항", "Findings"),
    "distributions": ("분포", "Distributions"),
    "training": ("학습", "Training"),
    "scores": ("점수", "Scores"),
    "confusion": ("혼동 행렬", "Confusion matrix"),
    "moods": ("감정별 점수", "Scores by mood"),
    "slices": ("조건별 점수", "Scores by slice"),
    "reliability": ("신뢰도", "Reliability"),
    "right": ("가장 확신한 정답", "The surest right"),
    "wrong": ("가장 확신한 오답", "The surest wrong"),
    "unsure": ("가장 불확실한 답", "The least sure"),
    "trials": ("튜닝", "Tuner's trials"),
    "nodes": ("시간과 메모리", "Time and memory"),
    "settings": ("설정", "Settings"),
    "versions": ("버전", "Versions"),
}
SCORES = {
    "macro_f1": ("매크로 F1", "macro-F1"),
    "balanced_accuracy": ("균형 정확도", "balanced accuracy"),
    "accuracy": ("정확도", "accuracy"),
    "ece": ("보정 오차", "calibration error"),
}
PREDICTORS = {
    "model": ("모델", "model"),
    "majority": ("최빈값", "commonest mood"),
    "baseline": ("이전 모델", "last blessed"),
    "compared": ("비교 모델", "compared model"),
}
CHECKS = {
    "probabilities_are_numbers": "확률이 모두 수인가?",
    "over_majority": "가장 흔한 감정만 답하는 것보다 나은가?",
    "calibrated": "확률이 정답률과 맞는가?",
    "not_worse_than_last_blessed": "이전 모델보다 나쁘지 않은가?",
    "not_worse_on_any_mood": "어느 감정에서도 나빠지지 않았는가?",
    "not_worse_on_any_species": "어느 종에서도 나빠지지 않았는가?",
}
"""Korean for the Evaluator's conditions, whose messages are in English."""
SERVABLE = "서빙 모델이 제대로 답하는가?"
"""The same for whatever the ServableCheck found."""
SEVERITIES = {"error": "오류", "warning": "경고"}
ENDINGS = {
    "pushed": ("배포됨", "Pushed"),
    "not_blessed": ("배포되지 않음", "Not pushed"),
    "data_refused": ("데이터 거부됨", "Data refused"),
    "failed": ("실패", "Failed"),
}
