"""Tables of the comparison of requests with their reference."""

from report.drift.texts import FACTS, SHARES, mood_name, test_name
from report.tables.table import MISSING, Cell, Column, Table, heading, number, score, share
from report.translations import Pair, same
from schemas.documents.drift import MOOD_TEST, Alarm, Drift

_REFERENCE: Pair = ("기준", "Reference")
_REQUESTS: Pair = ("요청", "Requests")
_CHANGE: Pair = ("차이", "Change")
_TOLERANCE: Pair = ("허용", "Tolerance")


def alarms(found: Drift) -> Table | None:
    """Returns a row for each test that has failed, at its first window; None without one."""
    if not found["alarms"]:
        return None
    columns = [
        Column(("무엇이", "What")),
        Column(("처음 발견", "First found at")),
        Column(_REFERENCE, True),
        Column(_REQUESTS, True),
        Column(_CHANGE, True),
        Column(_TOLERANCE, True),
        Column(("우연일 확률", "Chance"), True),
        Column(("구간", "Windows"), True),
    ]
    rows = [_alarm(one) for one in found["alarms"]]
    return Table("alarms", ("달라진 것", "What has changed"), columns, rows)


def _alarm(one: Alarm) -> list[Cell]:
    is_share = one["test"] in SHARES or one["test"].startswith(MOOD_TEST)
    place: Pair = (f"{one['request']:,}번째 요청", f"request {one['request']:,}")
    shown = share if is_share else _figure
    return [
        heading(test_name(one["test"])),
        Cell(place, same(_minute(one["time"])), sort=one["request"]),
        shown(one["reference"]),
        shown(one["value"]),
        _figure(one["change"]),
        _figure(one["tolerance"]),
        Cell(same(f"{one['chance']:.1g}"), sort=one["chance"]),
        number(one["windows"]),
    ]


def moods(found: Drift) -> Table | None:
    """Returns a row for each mood: how often it is predicted, and how often it really is."""
    if not found["moods"]:
        return None
    columns = [
        Column(("감정", "Mood")),
        Column(("평가 행의 정답", "True, eval"), True),
        Column(("기준의 예측", "Predicted, reference"), True),
        Column(("요청의 예측", "Predicted, requests"), True),
        Column(("요청의 실제 비율, 추정", "Real share, estimated"), True),
        Column(("EM 추정", "EM"), True),
        Column(("F1, 평가", "F1, eval"), True),
        Column(("F1, 추정", "F1, estimated"), True),
    ]
    rows = []
    for name, one in found["moods"].items():
        low, high = (f"{end:.1%}" for end in one["interval"])
        rows.append(
            [
                heading(mood_name(name)),
                share(one["reference_prior"]),
                share(one["reference_predicted"]),
                share(one["predicted"]),
                Cell(same(f"{one['prior']:.1%}"), same(f"{low}–{high}"), sort=one["prior"]),
                share(one["prior_em"]),
                score(one["f1"]),
                score(one["estimated_f1"]),
            ]
        )
    return Table("moods-shares", ("감정의 비율", "Shares of moods"), columns, rows)


def facts(found: Drift) -> Table | None:
    """Returns two rows for each image fact: quantiles of the reference and of the requests."""
    if not found["facts"]:
        return None
    columns = [
        Column(("사진 특성", "Image fact")),
        *(Column(same(f"{percent} %"), True) for percent in (5, 25, 50, 75, 95)),
        Column(("차이 (JS)", "Divergence (JS)"), True),
        Column(_TOLERANCE, True),
    ]
    rows = []
    for name, one in found["facts"].items():
        title = FACTS.get(name, same(name))
        for side, values in ((_REFERENCE, one["reference"]), (_REQUESTS, one["log"])):
            last = [_figure(one["divergence"]), _figure(one["tolerance"])]
            empty = [Cell(MISSING), Cell(MISSING)]
            rows.append(
                [
                    heading(title, side),
                    *map(_figure, values),
                    *(last if side is _REQUESTS else empty),
                ]
            )
    caption: Pair = ("사진 특성의 분위수", "Quantiles of image facts")
    return Table("facts", caption, columns, rows, can_sort=False)


def shares(found: Drift) -> Table | None:
    """Returns a row for each share of the requests."""
    if not found["shares"]:
        return None
    columns = [
        Column(("비율", "Share")),
        Column(_REFERENCE, True),
        Column(_REQUESTS, True),
        Column(("행", "Rows"), True),
    ]
    rows = [
        [heading(SHARES.get(name, same(name))), share(one["reference"]), share(one["log"]),
         number(one["rows"])]
        for name, one in found["shares"].items()
    ]  # fmt: skip
    return Table("shares", ("요청의 비율", "Shares of the requests"), columns, rows)


def settings(found: Drift) -> Table:
    """Returns a row for each setting."""
    columns = [Column(("설정", "Setting")), Column(("값", "Value"), True)]
    rows = [
        [heading(same(f"drift.{name}")), Cell(same(value), sort=float(value))]
        for name, value in found["settings"].items()
    ]
    return Table("settings-used", ("설정", "Settings"), columns, rows, can_sort=False)


def _figure(value: float | None) -> Cell:
    if value is None:
        return Cell(MISSING)
    return Cell(same(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"), sort=value)


def _minute(time: str) -> str:
    """Returns "2026-03-01 12:00 UTC" of a time in ISO 8601, which is UTC's."""
    return f"{time[:16].replace('T', ' ')} UTC"
