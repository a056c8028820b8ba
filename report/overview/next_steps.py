"""What to do next, from how a run ended."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from report.formatting import path_text
from report.overview import remedies
from report.results import Results
from report.translations import Pair, mood
from schemas.documents.evaluation import Metrics
from schemas.documents.run import Report
from schemas.exit_codes import RunExit
from schemas.splits import EVAL

_WIDE_INTERVAL = 0.2
"""Width of macro-F1's interval above which two models can hardly be told apart."""
_WEAK_MOOD = 0.2
"""F1 that a mood lacks to macro-F1, from which on it is worth its own step."""


@dataclass(frozen=True)
class Step:
    """A step; ``command`` is what to type, "" where there is nothing to type."""

    text: Pair
    command: str = ""


def next_steps(report: Report, results: Results) -> list[Step]:
    """Returns what the reader should do, the most important first; at least one step."""
    by_ending: dict[str, Callable[[Report, Results], Iterator[Step]]] = {
        "pushed": _pushed,
        "smoke_test": _smoke_test,
        "not_blessed": _not_blessed,
        "data_refused": _data_refused,
        "data_passed": _data_passed,
        "failed": _failed,
    }
    return list(by_ending[report["ending"]](report, results))


def _pushed(report: Report, results: Results) -> Iterator[Step]:
    weights = shlex.quote(path_text(Path(str(report["record"]["pushed"]))))
    ask = f"uv run python inference.py --weight_path {weights}"
    if results.finds_animals:
        text = (
            "모델을 사진에 써 보세요. PHOTO는 사진이며, 동물은 모델이 찾습니다.",
            "Try the model on a photo; it finds the animal itself.",
        )
        yield Step(text, f"{ask} PHOTO")
    else:
        text = (
            "모델을 사진에 써 보세요. PHOTO는 사진, 박스는 세운 사진의 픽셀입니다.",
            "Try the model on a photo; the box is in pixels of the upright photo.",
        )
        yield Step(text, f"{ask} --box Y,X,HEIGHT,WIDTH PHOTO")
    yield Step(
        (
            "아래의 오답 예시를 보고, 틀린 라벨이 있는지 확인하세요.",
            "Look through the wrong answers below: some may be wrong labels.",
        )
    )
    if results.metrics:
        yield from _improvements(report, results.metrics)
    yield Step(
        (
            "서버에 올리려면 rollout.py로 버전을 단계별로 내보내세요 (docs/serving.md).",
            "To serve it, roll the version out step by step with rollout.py (docs/serving.md).",
        )
    )


def _smoke_test(report: Report, results: Results) -> Iterator[Step]:
    yield Step(
        (
            "데이터가 모든 단계를 지났습니다. 모델은 한 에포크만 학습해서 쓸 수 없습니다. 이제 "
            "제대로 학습하세요.",
            "The data went through every step. The model was trained for one epoch and is of no "
            "use; now train for real: the same command without --preset quick.",
        )
    )


def _improvements(report: Report, metrics: Metrics) -> Iterator[Step]:
    """Yields what would make the scores better, or easier to trust."""
    if report["record"]["chosen_on"] == EVAL:
        yield Step(
            (
                "점수가 실제보다 조금 높습니다. 검증 데이터를 따로 두세요.",
                "These scores are a little too good. Keep validation rows apart.",
            ),
            "--set data.validation_fraction=0.15",
        )
    ends = metrics["model"]["intervals"]["macro_f1"]
    if ends is None or ends[1] - ends[0] > _WIDE_INTERVAL:
        clips = metrics["clips"]
        yield Step(
            (
                f"평가 클립 {clips:,}개로는 구간이 넓습니다. 점수를 믿으려면 평가할 클립을 "
                "늘리세요.",
                f"With {clips:,} eval clips the interval is wide. Evaluate on more clips before "
                "you trust the score.",
            )
        )
    with_rows = {name: each for name, each in metrics["per_mood"].items() if each["support"]}
    name, scores = min(with_rows.items(), key=lambda item: item[1]["f1"])
    if scores["f1"] < metrics["model"]["macro_f1"] - _WEAK_MOOD:
        korean, english = mood(name)
        yield Step(
            (
                f"‘{korean}’의 F1이 {scores['f1']:.3f}로 많이 낮습니다. 이 감정의 클립을 더 "
                "모으거나 train.imbalance를 바꿔 보세요.",
                f"“{english}” has a low F1 of {scores['f1']:.3f}. Collect more of its clips, or "
                "try another train.imbalance.",
            )
        )


def _not_blessed(report: Report, results: Results) -> Iterator[Step]:
    if results.metrics:
        for check in results.metrics["verdict"]["checks"]:
            if not check["passed"]:
                yield Step(*remedies.of_check(check))
    if results.servable and not results.servable["passed"]:
        yield Step(
            (
                "서빙 모델이 검사에 실패했습니다. 아래 검사 결과와 로그를 보세요.",
                "The servable failed its check: see the message below and the log.",
            )
        )
    yield Step(
        (
            "이 실행에서는 아무것도 배포용 폴더에 넣지 않았습니다. 지금 쓰는 모델은 그대로입니다.",
            "Nothing was pushed by this run; the model that is served now stays as it is.",
        )
    )


def _data_refused(report: Report, results: Results) -> Iterator[Step]:
    checks = {
        finding["check"]: finding
        for document in (results.validation, results.leaks)
        if document
        for finding in document["findings"]
        if finding["severity"] == "error"
    }
    for name in checks:
        yield Step(*remedies.of_finding(name))
    if report["record"]["rejects_csv"]:
        path = shlex.quote(path_text(Path(report["record"]["rejects_csv"])))
        yield Step(
            (
                "제외된 행은 모두 이 파일에 CSV의 줄 번호와 이유와 함께 있습니다.",
                "All refused rows are in this file, with their line and reason.",
            ),
            path,
        )
    yield Step(
        (
            "고친 다음 같은 명령을 다시 실행하세요. 바뀌지 않은 결과는 다시 씁니다.",
            "Then run the same command again; results that did not change are reused.",
        )
    )


def _data_passed(report: Report, results: Results) -> Iterator[Step]:
    yield Step(
        (
            "데이터는 통과했고, 학습은 아직 남아 있습니다. 결과는 Report 작업의 페이지에 나옵니다.",
            "The data were accepted and the training is to come; its result is on the page of the "
            "task Report.",
        )
    )


def _failed(report: Report, results: Results) -> Iterator[Step]:
    if report["record"]["exit"] == RunExit.CONFIG:
        yield Step(
            (
                "위 메시지가 말하는 설정이나 환경을 고친 다음 같은 명령을 다시 실행하세요.",
                "Correct the setting or environment that the message above names, and run the "
                "same command again.",
            )
        )
        return
    yield Step(
        (
            "같은 명령을 다시 실행하면 마지막으로 끝난 단계부터 이어집니다.",
            "The same command goes on after the last step that finished.",
        )
    )
    if report["record"]["log"]:
        log = shlex.quote(path_text(Path(report["record"]["log"])))
        yield Step(
            (
                "다시 실패하면 로그의 마지막 부분과 docs/troubleshooting.md를 보세요.",
                "If it fails again, see the end of the log and docs/troubleshooting.md.",
            ),
            log,
        )
