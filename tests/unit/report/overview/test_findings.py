"""Findings and reasons as sentences in both languages."""

import re

from report.overview import findings
from schemas.documents.validation import FindingRecord
from schemas.reasons import RejectReason
from testing.paths import ROOT

_NAMES = re.compile(r'Finding\(\s*(?:[^,()]+(?:if [^,]+)?,)\s*f?"(\w+)"')
_KINDS = ("clip", "group", "picture")


def finding(**changes: object) -> FindingRecord:
    record: FindingRecord = {
        "severity": "error",
        "check": "refused_share",
        "split": "train",
        "message": "24 of 96 rows (25.0%) are refused",
        "value": 0.25,
        "limit": 0.05,
    }
    return {**record, **changes}  # type: ignore[typeddict-item]


def test_every_check_of_the_data_has_korean() -> None:
    names = {f"shared_{kind}s" for kind in _KINDS}
    for path in ("box_validator/box_checks.py", "leak_check/leak_checks.py"):
        names |= set(_NAMES.findall((ROOT / "components" / path).read_text("utf-8")))
    assert len(names) >= 10
    assert names - {"shared_"} <= set(findings.KOREAN)


def test_figures_stand_in_the_korean_sentence() -> None:
    (line,) = findings.lines([{"verdict": "refused", "findings": [finding()]}])
    assert line.text == (
        "학습: 제외된 행 25.0%, 허용 5.0% (data.max_reject_fraction).",
        "train: 24 of 96 rows (25.0%) are refused",
    )


def test_a_mood_without_rows_is_named_in_both_languages() -> None:
    record = finding(
        severity="warning", check="mood_without_rows", split="eval",
        message="No usable row has 공포.", value=0, limit=1,
    )  # fmt: skip
    (line,) = findings.lines([{"verdict": "ok", "findings": [record]}])
    assert line.text == (
        "평가: 쓸 수 있는 행이 하나도 없는 감정이 있습니다: 공포.",
        "eval: No usable row has fearful.",
    )


def test_errors_come_first_and_a_check_of_another_version_is_named() -> None:
    warning = finding(severity="warning", check="new_rule", value=None, limit=None)
    lines = findings.lines([{"verdict": "refused", "findings": [warning, finding()]}])
    assert [line.severity for line in lines] == ["error", "warning"]
    assert lines[1].text[0] == "학습: 검사 new_rule에 걸렸습니다."


def test_a_check_without_its_figures_is_no_error() -> None:
    (line,) = findings.lines([{"verdict": "refused", "findings": [finding(value=None)]}])
    assert line.text[0] == "학습: 검사 refused_share에 걸렸습니다."


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    for reason in RejectReason:
        korean, english = findings.reason(reason.value)
        assert re.search("[가-힣]", korean) and not re.search("[가-힣]", english)
    assert findings.reason("of_another_version") == ("of_another_version",) * 2
