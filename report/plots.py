"""Plots as SVG elements.

Their texts are text elements and not outlines, so that they take the page's fonts and colours.
"""

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report.histograms import BySplit
from schemas.documents.evaluation import ReliabilityBin, RiskCoveragePoint, Unsure
from schemas.splits import EVAL, TRAIN, VALIDATION

TRAIN_COLOUR, VALIDATION_COLOUR, EVAL_COLOUR = "#2f7fd0", "#8f8f2a", "#e0752d"
"""The colour-blind can tell them apart too, on white and on black."""
_COLOURS = {TRAIN: TRAIN_COLOUR, VALIDATION: VALIDATION_COLOUR, EVAL: EVAL_COLOUR}
_GREY = "#808890"
"""Axes and grid: visible on white and on black. The page gives texts a colour of its own."""

matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "report",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": _GREY,
        "xtick.color": _GREY,
        "ytick.color": _GREY,
        "axes.grid": True,
        "grid.color": _GREY,
        "grid.alpha": 0.25,
    }
)
# It warns that its own font has no Hangul, but it is the browser that draws the texts.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def curves(curves_csv: Path, chosen_on: str) -> str:
    """Draws loss, macro-F1 and learning rate by epoch; a dotted line marks the best epoch.

    Args:
      curves_csv: of the training.
      chosen_on: name of the split that was validated on.
    """
    with curves_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) + 1 for row in rows]
    figure, axes = _figure(3, (11, 3))

    for axis, name, title in zip(
        axes,
        ("loss", "macro_f1", "learning_rate"),
        ("loss", "macro-F1", "learning rate"),
        strict=True,
    ):
        axis.plot(epochs, _column(rows, name), color=TRAIN_COLOUR, marker=".", label=TRAIN)
        if f"val_{name}" in rows[0]:
            validated = _column(rows, f"val_{name}")
            axis.plot(epochs, validated, color=_COLOURS[chosen_on], marker=".", label=chosen_on)
            axis.legend(frameon=False)
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)

    if "val_macro_f1" in rows[0]:
        best = int(np.nanargmax(_column(rows, "val_macro_f1")))
        axes[1].axvline(epochs[best], color=_GREY, linestyle=":")
    return _svg(figure, "Training curves: loss, macro-F1 and learning rate by epoch")


def _column(rows: Sequence[Mapping[str, str]], name: str) -> list[float]:
    return [float(row[name]) if row[name] else float("nan") for row in rows]


def reliability(bins: Sequence[ReliabilityBin]) -> str:
    """Draws accuracy by confidence, and below it the number of predictions in each bin.

    Args:
      bins: those that hold predictions.
    """
    figure, (upper, lower) = _figure(2, (5, 4.6), stacked=True)
    confidences = [each["confidence"] for each in bins]
    upper.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1)
    upper.plot(confidences, [each["accuracy"] for each in bins], color=EVAL_COLOUR, marker="o")
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="accuracy")
    lower.bar(confidences, [each["rows"] for each in bins], width=0.05, color=TRAIN_COLOUR)
    lower.set(xlim=(0, 1), xlabel="confidence", ylabel="predictions")
    return _svg(figure, "Reliability diagram: accuracy by confidence; the dashed line is ideal")


def risk_coverage(points: Sequence[RiskCoveragePoint], unsure: Unsure) -> str:
    """Draws the risk of the sure answers by their share, and marks the model's threshold."""
    figure, (axis,) = _figure(1, (5.2, 3.2))
    coverage = [each["coverage"] for each in points]
    axis.plot(coverage, [each["risk"] for each in points], color=EVAL_COLOUR, linewidth=1.8)
    if unsure["threshold"] and unsure["accuracy"] is not None:
        axis.plot(1 - unsure["share"], 1 - unsure["accuracy"], "o", color=TRAIN_COLOUR)
    axis.set(
        xlim=(0, 1), xlabel="coverage: share of sure answers", ylabel="risk: share of wrong ones"
    )
    axis.set_ylim(bottom=0)
    return _svg(figure, "Risk by coverage; the dot is the threshold of unsure answers")


def distributions(histograms: Mapping[str, BySplit]) -> str:
    """Draws histograms as shares of the frames, one panel a measurement and one line a split."""
    figure, axes = _figure(len(histograms), (2.9 * len(histograms), 2.6))
    for axis, (title, by_split) in zip(axes, histograms.items(), strict=True):
        for split, histogram in by_split.items():
            shares = histogram.counts / max(int(histogram.counts.sum()), 1)
            axis.stairs(shares, histogram.edges, color=_COLOURS[split], label=split, linewidth=1.6)
        axis.set_title(title)
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("share of frames")
    axes[0].legend(frameon=False)
    splits = " and ".join(next(iter(histograms.values())))
    return _svg(figure, f"Distributions of {', '.join(histograms)} in {splits}")


def _figure(count: int, size: tuple[float, float], stacked: bool = False) -> tuple[Figure, Any]:
    # Not pyplot's: it would keep each figure until the process ends, and look for a screen.
    figure = Figure(figsize=size, layout="constrained")
    figure.patch.set_alpha(0)
    layout = {"nrows": count, "height_ratios": [3, 1]} if stacked else {"ncols": count}
    axes: list[Axes] = figure.subplots(**layout, squeeze=False).ravel().tolist()
    for axis in axes:
        axis.patch.set_alpha(0)
    return figure, axes


def _svg(figure: Figure, label: str) -> str:
    """Returns the ``svg`` element alone, which screen readers read as an image with that label."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
