"""Charts of scores: calibration, risk against coverage, and the trend over the last runs."""

from collections.abc import Sequence

from report.charts.figures import COLOURS, GREY, Chart, chart, new_figure, percent
from report.overview.history import PastRun
from report.risk_coverage import Point
from report.translations import SCORES, Pair
from schemas.documents.certainty import ReliabilityBin
from schemas.splits import EVAL, TRAIN

_FEW = 10
"""Predictions in a bin below which its share of right answers is drawn as a mere outline."""
MARKER = "risk-marker"
"""Id of the point of the threshold chart that the slider moves."""


def reliability(bins: Sequence[ReliabilityBin], name: str, of: Pair) -> Chart:
    """Returns accuracy by confidence, and below it the number of predictions in each bin.

    Args:
      bins: those that hold predictions.
      name: id in the page.
      of: what a prediction is of, such as frames.
    """
    figure, upper = new_figure(4.6, 4.2, rows=2)
    lower = figure.axes[1]
    most = max((each["rows"] for each in bins), default=1)
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    upper.scatter(
        [each["confidence"] for each in bins],
        [each["accuracy"] for each in bins],
        s=[20 + 130 * each["rows"] / most for each in bins],
        facecolors=["none" if each["rows"] < _FEW else COLOURS[EVAL] for each in bins],
        edgecolors=COLOURS[EVAL],
    )
    accuracy, confidence, rows = (
        SCORES["accuracy"],
        ("확률", "Probability"),
        ("예측", "Predictions"),
    )
    upper.set(xlim=(0, 1), ylim=(-0.03, 1.05), ylabel=accuracy[1], title=of[1])
    widths = [max(each["high"] - each["low"], 0.02) for each in bins]
    lower.bar(
        [(each["low"] + each["high"]) / 2 for each in bins],
        [each["rows"] for each in bins],
        width=[0.9 * width for width in widths],
        color=COLOURS[TRAIN],
    )
    lower.set(xlim=(0, 1), xlabel=confidence[1], ylabel=rows[1])
    caption: Pair = (f"{of[0]}: 확률과 정답률", f"{of[1]}: share of right answers by probability")
    return chart(figure, name, caption, [accuracy, confidence, rows, of])


def risk_coverage(points: Sequence[Point]) -> tuple[Chart, list[tuple[float, float]]]:
    """Returns the risk by coverage, and where each point lies in the SVG's units.

    Args:
      points: of rising threshold, at least one.
    """
    figure, axis = new_figure()
    coverages = [point.coverage for point in points]
    risks = [point.risk for point in points]
    axis.plot(coverages, risks, color=COLOURS[EVAL])
    start = axis.scatter(coverages[:1], risks[:1], s=90, color=COLOURS[TRAIN], zorder=3)
    start.set_gid(MARKER)
    texts: list[Pair] = [
        ("답하는 비율", "Share that is answered"),
        ("그중 틀린 비율", "Share of wrong answers"),
    ]
    axis.set(xlim=(0, 1.02), xlabel=texts[0][1], ylabel=texts[1][1])
    axis.set_ylim(0, max(0.05, 1.15 * max(risks)))
    axis.xaxis.set_major_formatter(percent)
    axis.yaxis.set_major_formatter(percent)
    caption: Pair = (
        "확률이 낮은 답을 버릴 때 남는 답 가운데 틀린 비율",
        "Wrong answers among those that remain when improbable answers are withheld",
    )
    made = chart(figure, "risk-coverage", caption, texts)
    # As drawn: the layout is known since then. SVG counts downwards.
    places = axis.transData.transform(list(zip(coverages, risks, strict=True)))
    height = figure.bbox.height
    return made, [(round(float(x), 1), round(float(height - y), 1)) for x, y in places]


def trend(runs: Sequence[PastRun]) -> Chart:
    """Returns macro-F1 of the last runs with its intervals; the last one is this run."""
    figure, axis = new_figure(4.6, 2.6)
    positions = range(1, len(runs) + 1)
    for position, run in zip(positions, runs, strict=True):
        low, high = run.interval or [run.macro_f1, run.macro_f1]
        axis.plot([position, position], [low, high], color=GREY, linewidth=1.5)
    axis.plot(positions, [run.macro_f1 for run in runs], color=COLOURS[TRAIN], linewidth=1)
    for pushed in (True, False):
        chosen = [
            (position, run.macro_f1)
            for position, run in zip(positions, runs, strict=True)
            if (run.ending == "pushed") is pushed
        ]
        if chosen:
            axis.scatter(
                [position for position, _ in chosen],
                [value for _, value in chosen],
                s=55,
                zorder=3,
                facecolors=COLOURS[TRAIN] if pushed else "white",
                edgecolors=COLOURS[TRAIN],
            )
    texts: list[Pair] = [SCORES["macro_f1"], ("실행 (마지막이 이번)", "run (this one is the last)")]
    axis.set(ylim=(0, 1), xlim=(0.5, len(runs) + 0.5), ylabel=texts[0][1], xlabel=texts[1][1])
    axis.set_xticks(list(positions))
    caption: Pair = (
        "최근 실행의 매크로 F1과 95 % 구간. 속이 찬 점은 푸시된 모델입니다.",
        "Macro-F1 of the last runs with its 95 % interval. A filled point is a pushed model.",
    )
    return chart(figure, "trend-chart", caption, texts)
