"""From templates to pages: the environment, and what some sections are made of."""

import datetime
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup

from report import formatting, templating, translations
from report.charts.figures import Chart
from report.charts.scores import MARKER
from report.pictures.thumbnails import COARSE_CELLS
from report.risk_coverage import Point
from report.tables.table import Cell, Column, Table, heading, share
from report.templating import MISSING
from report.translations import Pair, same
from schemas.documents.intervals import Interval

_COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
"""Coverages of the table beside the slider, for readers without a script."""


@dataclass(frozen=True)
class TrainingCurves:
    """Curves of a training; ``best`` is its best epoch, counted from 1, and their number."""

    charts: list[Chart]
    best: tuple[int, int] | None


@dataclass(frozen=True)
class Risk:
    """The threshold's section.

    Attributes:
      chart: risk by coverage.
      points: JSON for the slider: [threshold, coverage, risk, x, y] of each point.
      start: index of the point at which the slider begins.
      last: index of the last point.
      table: some coverages with their thresholds.
      set_threshold: the model's own; None where it has none.
    """

    chart: Chart
    points: str
    start: int
    last: int
    table: Table
    set_threshold: float | None

    @classmethod
    def of(
        cls,
        chart: Chart,
        points: Sequence[Point],
        places: Sequence[tuple[float, float]],
        metrics: Mapping[str, Any],
    ) -> "Risk":
        """Returns the section of a curve; ``places`` are its points in the chart's units."""
        # 0 is none, and above 1 no answer is sure.
        threshold = (metrics.get("unsure") or {}).get("threshold") or None
        start = 0
        if threshold is not None:
            start = min(range(len(points)), key=lambda i: abs(points[i].threshold - threshold))
        listed = [
            [round(point.threshold, 4), round(point.coverage, 4), round(point.risk, 4), *place]
            for point, place in zip(points, places, strict=True)
        ]
        return cls(chart, json.dumps(listed), start, len(points) - 1, _coverages(points), threshold)


def _coverages(points: Sequence[Point]) -> Table:
    columns = [
        Column(("답하는 비율", "Share answered")),
        Column(("그중 정답", "Of these right"), True),
        Column(("확률 기준", "Probability at least"), True),
    ]
    chosen = [
        max((point for point in points if point.coverage >= least), key=lambda each: each.threshold)
        for least in _COVERAGES
        if any(point.coverage >= least for point in points)
    ]
    rows = [
        [
            heading(same(f"{point.coverage:.1%}")),
            share(1 - point.risk),
            Cell(same(f"{point.threshold:.2f}"), sort=point.threshold),
        ]
        for point in dict.fromkeys(chosen)
    ]
    caption: Pair = ("확신 기준과 정확도", "Confidence threshold and accuracy")
    return Table("coverages", caption, columns, rows, can_sort=False)


def render(template: str, **values: object) -> str:
    """Returns a page; every text in it is escaped but for what is marked as safe."""
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = templating.environment(autoescape=True)
    environment.filters |= {
        "duration": functools.partial(formatting.duration_text, missing=MISSING),
        "time": _time,
        "both": both,
        "sort_key": _sort_key,
    }
    environment.globals |= {
        "text": translations,
        "marker": MARKER,
        "coarse_cells": COARSE_CELLS,
        "measured": _measured,
    }
    return environment


def both(pair: Pair) -> Markup:
    """Returns a text in both languages, of which the page shows one."""
    korean, english = pair
    if korean == english:
        return Markup("{}").format(korean)
    return Markup('<span lang="ko">{}</span><span lang="en">{}</span>').format(korean, english)


def _measured(value: float | None, interval: Interval) -> str:
    """Returns "0.250 (0.150–0.350)"."""
    text = formatting.score_text(value, MISSING)
    return f"{text} ({interval[0]:.3f}–{interval[1]:.3f})" if interval else text


def _sort_key(cell: Cell) -> str:
    return "" if cell.sort is None else repr(float(cell.sort))


def _time(iso: str) -> str:
    """Returns "2026-11-23 06:15 (UTC+09:00)" of a time in ISO 8601."""
    try:
        time = datetime.datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = f"{time:%z}"
    return f"{time:%Y-%m-%d %H:%M}" + (f" (UTC{zone[:3]}:{zone[3:]})" if zone else "")
