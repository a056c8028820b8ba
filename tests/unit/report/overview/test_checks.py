"""The checks of the verdict as questions."""

from report.overview.checks import check_lines
from report.results import Results
from testing.report import documents, score_documents


def test_a_check_has_its_question_and_figures_in_korean_and_its_message_in_english() -> None:
    (line,) = check_lines(Results(metrics=score_documents.metrics()))
    korean, english = line.text
    assert korean == (
        "가장 흔한 감정만 답하는 것보다 나은가? 매크로 F1 차이의 95 % 구간 하한 +0.060, 기준 "
        "+0.050 이상."
    )
    assert english == "macro-F1 0.500 against 0.430"


def test_a_check_without_a_value_says_so() -> None:
    metrics = score_documents.metrics()
    metrics["verdict"]["checks"][0]["value"] = None
    (line,) = check_lines(Results(metrics=metrics))
    assert line.text[0].endswith("측정할 수 없음.")


def test_a_check_of_another_version_is_named() -> None:
    metrics = score_documents.metrics()
    metrics["verdict"]["checks"][0]["check"] = "new_rule"
    (line,) = check_lines(Results(metrics=metrics))
    assert line.text == ("new_rule", "macro-F1 0.500 against 0.430")


def test_only_the_checks_of_a_servable_that_failed_are_told() -> None:
    servable = documents.servable()
    servable["checks"] = [
        {"check": "on_cpu", "passed": True, "message": "computed by CPU"},
        {"check": "tf1_loader", "passed": False, "message": "no variable"},
    ]
    (line,) = check_lines(Results(servable=servable))
    assert line.message == "no variable"
    assert line.text[0] == "서빙 모델이 제대로 답하는가? 검사 tf1_loader."


def test_moods_in_a_message_are_in_the_language_of_the_page() -> None:
    metrics = score_documents.metrics()
    metrics["verdict"]["checks"][0]["message"] = "F1 by mood: 공포 0.300 against 0.500"
    (line,) = check_lines(Results(metrics=metrics))
    assert line.text[1] == "F1 by mood: fearful 0.300 against 0.500"
    assert line.text[0].startswith("가장 흔한 감정만 답하는 것보다 나은가?")
