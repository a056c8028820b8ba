"""Curves: axes that fit any training, and texts in both languages."""

import re
from pathlib import Path

import pytest

from report.charts import figures
from report.charts.curves import best_epoch, curves
from report.charts.figures import Chart

HEADER = "epoch,loss,learning_rate,macro_f1,val_loss,val_macro_f1\n"


def write(path: Path, *rows: tuple[float, ...]) -> Path:
    lines = [",".join(map(str, (epoch, *row))) for epoch, row in enumerate(rows)]
    path.write_text(HEADER + "\n".join(lines) + "\n", "utf-8")
    return path


def texts(chart: Chart, language: str = "en") -> list[str]:
    """The texts of a chart in one language."""
    other = {"en": "ko", "ko": "en"}[language]
    svg = re.sub(rf'<tspan lang="{other}">[^<]*</tspan>', "", chart.svg)
    return [re.sub("<[^>]+>", "", text) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg)]


@pytest.mark.slow
def test_one_spike_does_not_flatten_the_loss_and_the_best_epoch_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.csv", (1.0, 1e-3, 0.3, 1.1, 0.2), (0.5, 1e-3, 0.5, 60.0, 0.6),
        (0.4, 1e-3, 0.6, 0.6, 0.5),
    )  # fmt: skip
    loss, macro_f1, rate = curves(path, "eval")
    assert [chart.name for chart in (loss, macro_f1, rate)] == [
        *("curve-loss", "curve-macro-f1", "curve-learning-rate"),
    ]
    # Two decades: ticks at their powers.
    assert {"1", "10"} <= set(texts(loss)) and "best epoch 2" in texts(loss)
    assert {"학습", "평가", "최고 에포크 2"} <= set(texts(loss, "ko"))
    assert {"0.0", "1.0"} <= set(texts(macro_f1))
    # A constant rate is one tick among its neighbours, not a scale of thousandths.
    assert "0.001" in texts(rate) and "0.00104" not in texts(rate)
    assert best_epoch(path) == (2, 3)


@pytest.mark.slow
def test_one_epoch_has_one_tick(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", (1.0, 1e-3, 0.3, 1.1, 0.2))
    loss, *_ = curves(path, "validation")
    assert "1" in texts(loss) and "0.96" not in texts(loss)
    assert "validation" in texts(loss)


def test_no_epoch_has_no_curves(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(HEADER, "utf-8")
    assert curves(path, "eval") == []
    assert best_epoch(path) is None


def test_texts_are_escaped_and_ids_are_the_chart_s_own() -> None:
    figure, axis = figures.new_figure()
    axis.set_title("a < b")
    axis.set_axis_off()
    chart = figures.chart(figure, "one", ("가 < 나", "a < b"), [("가 < 나", "a < b")])
    assert '<tspan lang="ko">가 &lt; 나</tspan><tspan lang="en">a &lt; b</tspan>' in chart.svg
    assert all(name.startswith("one-") for name in re.findall(r'\bid="([^"]+)"', chart.svg))
    assert chart.svg.startswith('<svg role="img" aria-labelledby="one-caption"')


@pytest.mark.parametrize(("value", "text"), [(0.025, "2.5 %"), (0.1, "10 %"), (0, "0 %")])
def test_ticks_do_not_round(value: float, text: str) -> None:
    assert figures.percent(value) == text
