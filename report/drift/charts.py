"""Charts of what is compared, window by window."""

from collections.abc import Iterator

from matplotlib.ticker import MaxNLocator

from report.charts.figures import COLOURS, GREY, Chart, chart, new_figure, percent
from report.drift.texts import FACTS, MACRO_F1, SHARES, test_name
from report.translations import Pair
from schemas.documents.drift import MOOD_TEST, Drift
from schemas.splits import EVAL, TRAIN

_MOST_MOODS = 8
"""Charts of moods: those that have changed, then the commonest."""
_X: Pair = ("요청", "request")


def over_time(found: Drift) -> list[Chart]:
    """Returns a chart for each test that has values, those of failed tests first."""
    failed = {alarm["test"] for alarm in found["alarms"]}
    drawn = []
    for test, reference in _tests(found, failed):
        points = [
            (one["request"], one["values"][test], test in one["failed"])
            for one in found["over_time"]
            if test in one["values"]
        ]
        if points:
            is_share = test not in FACTS
            drawn.append((test in failed, test_name(test), reference, points, is_share))
    scores = [
        (one["request"], one["estimated_macro_f1"], False)
        for one in found["over_time"]
        if one["estimated_macro_f1"] is not None
    ]
    if scores:
        drawn.append((False, MACRO_F1, found["macro_f1"], scores, False))
    drawn.sort(key=lambda each: not each[0])
    return [_panel(f"over-time-{number}", *each[1:]) for number, each in enumerate(drawn)]


def _tests(found: Drift, failed: set[str]) -> Iterator[tuple[str, float | None]]:
    """Yields the tests and the figure of the reference; None where there is none."""
    for name, fact in found["facts"].items():
        yield name, fact["reference"][len(fact["reference"]) // 2]
    moods = sorted(
        found["moods"].items(),
        key=lambda each: (MOOD_TEST + each[0] not in failed, -each[1]["predicted"]),
    )
    for name, mood in moods[:_MOST_MOODS]:
        yield MOOD_TEST + name, mood["reference_predicted"]
    for name in SHARES:
        if name in found["shares"]:
            known = found["shares"][name]["reference"]
            limit = found["settings"]["no_animal"] if name == "no_animal" else None
            yield name, limit if known is None else known


def _panel(
    name: str,
    title: Pair,
    reference: float | None,
    points: list[tuple[int, float, bool]],
    is_share: bool,
) -> Chart:
    # No name of a mood is given to matplotlib, which takes "$" for the beginning of a formula.
    figure, axis = new_figure(3.4, 2.2)
    axis.plot([x for x, _, _ in points], [y for _, y, _ in points], color=COLOURS[TRAIN])
    marked = [(x, y) for x, y, is_failed in points if is_failed]
    if marked:
        places = [x for x, _ in marked], [y for _, y in marked]
        axis.scatter(*places, s=14, color=COLOURS[EVAL], zorder=3)
    if reference is not None:
        axis.axhline(reference, color=GREY, linestyle="--", linewidth=1)
    axis.set_xlabel(_X[1])
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.xaxis.set_major_formatter(lambda value, position: f"{value:,.0f}")
    axis.margins(y=0.15)
    axis.set_ylim(bottom=max(0.0, axis.get_ylim()[0]))
    if is_share:
        axis.yaxis.set_major_formatter(percent)
    korean, english = title
    if marked:
        korean, english = f"{korean}: 달라짐", f"{english}: changed"
    return chart(figure, name, (korean, english), [_X])
