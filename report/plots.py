"""Plots as SVG elements whose texts are texts: the page's fonts and colours are theirs, too."""

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

TRAIN_COLOUR, EVAL_COLOUR = "#2f7fd0", "#e0752d"
"""Told apart by the colour-blind too, on white and on black."""
_INK = "#808890"
"""Between the two; the page gives texts its own colour."""

matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "report",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.grid": True,
        "grid.color": _INK,
        "grid.alpha": 0.25,
    }
)
# It looks for glyphs of Hangul in its own font, though it is the browser that draws them.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def curves(curves_csv: Path) -> str:
    """Draws loss, macro-F1 and learning rate by epoch; the best epoch is marked."""
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
        axis.plot(epochs, _column(rows, name), color=TRAIN_COLOUR, marker=".", label="train")
        if f"val_{name}" in rows[0]:
            axis.plot(
                epochs, _column(rows, f"val_{name}"), color=EVAL_COLOUR, marker=".", label="eval"
            )
            axis.legend(frameon=False)
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
    if "val_macro_f1" in rows[0]:
        best = int(np.nanargmax(_column(rows, "val_macro_f1")))
        axes[1].axvline(epochs[best], color=_INK, linestyle=":")
    return _svg(figure, "Training curves: loss, macro-F1 and learning rate by epoch")


def _column(rows: Sequence[Mapping[str, str]], name: str) -> list[float]:
    return [float(row[name]) if row[name] else float("nan") for row in rows]


def reliability(bins: Sequence[Mapping[str, Any]]) -> str:
    """Draws accuracy by confidence, and how many answers each bar stands for.

    Args:
      bins: those that hold answers, each with "rows", "confidence" and "accuracy" in 0..1.
    """
    figure, (upper, lower) = _figure(2, (5, 4.6), stacked=True)
    confidence = [each["confidence"] for each in bins]
    upper.plot([0, 1], [0, 1], color=_INK, linestyle="--", linewidth=1)
    upper.plot(confidence, [each["accuracy"] for each in bins], color=EVAL_COLOUR, marker="o")
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="accuracy")
    lower.bar(
        confidence,
        [each["rows"] for each in bins],
        width=0.05,
        color=TRAIN_COLOUR,
    )
    lower.set(xlim=(0, 1), xlabel="confidence", ylabel="answers")
    return _svg(figure, "Reliability diagram: accuracy by confidence; the dashed line is ideal")


def distributions(values: Mapping[str, Mapping[str, tuple[Any, Any]]]) -> str:
    """Draws histograms of shares, one panel a quantity and one line a split.

    Args:
      values: quantity to split to (counts int[n], edges float[n + 1]).
    """
    figure, axes = _figure(len(values), (2.9 * len(values), 2.6))
    colours = (TRAIN_COLOUR, EVAL_COLOUR)
    for axis, (name, splits) in zip(axes, values.items(), strict=True):
        for (split, (counts, edges)), colour in zip(splits.items(), colours, strict=False):
            share = np.asarray(counts) / max(int(np.sum(counts)), 1)
            axis.stairs(share, edges, color=colour, label=split, linewidth=1.6)
        axis.set_title(name)
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("share of frames")
    axes[0].legend(frameon=False)
    return _svg(figure, f"Distributions of {', '.join(values)} in train and eval")


def _figure(count: int, size: tuple[float, float], stacked: bool = False) -> tuple[Figure, Any]:
    # A Figure of its own: pyplot would keep each for good and look for a screen.
    figure = Figure(figsize=size, layout="constrained")
    figure.patch.set_alpha(0)
    shape = {"nrows": count, "height_ratios": [3, 1]} if stacked else {"ncols": count}
    axes: list[Axes] = figure.subplots(**shape, squeeze=False).ravel().tolist()
    for axis in axes:
        axis.patch.set_alpha(0)
    return figure, axes


def _svg(figure: Figure, label: str) -> str:
    """Returns the ``svg`` element alone, told to screen readers as an image with that label."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
