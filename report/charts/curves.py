"""Curves of a training, with its best epoch."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from report.charts.figures import COLOURS, GREY, Chart, chart, new_figure
from report.translations import SPLITS, Pair
from schemas.splits import TRAIN

_EPOCH: Pair = ("에포크", "epoch")
_PANELS: tuple[tuple[str, Pair], ...] = (
    ("loss", ("손실 (로그 눈금)", "Loss (log scale)")),
    ("macro_f1", ("매크로 F1", "Macro-F1")),
    ("learning_rate", ("학습률 (로그 눈금)", "Learning rate (log scale)")),
)
_LOGARITHMIC = ("loss", "learning_rate")
"""One spike of the loss would flatten the rest, and a schedule's rates span decades."""


def curves(curves_csv: Path, chosen_on: str) -> list[Chart]:
    """Returns loss, macro-F1 and learning rate by epoch; a dotted line marks the best epoch.

    Args:
      curves_csv: of the training.
      chosen_on: name of the split that was validated on.

    Returns:
      One chart each; none where no epoch has ended.
    """
    with curves_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [_panel(name, title, rows, chosen_on) for name, title in _PANELS] if rows else []


def best_epoch(curves_csv: Path) -> tuple[int, int] | None:
    """Returns the best epoch by macro-F1 on the validated rows, and the number of epochs.

    Epochs are counted from 1. None where nothing was validated.
    """
    with curves_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    best = _best(rows)
    return None if best is None else (int(rows[best]["epoch"]) + 1, len(rows))


def _best(rows: Sequence[Mapping[str, str]]) -> int | None:
    scores = _column(rows, "val_macro_f1") if rows and "val_macro_f1" in rows[0] else []
    return int(np.nanargmax(scores)) if np.isfinite(scores).any() else None


def _panel(name: str, title: Pair, rows: list[dict[str, str]], chosen_on: str) -> Chart:
    epochs = [int(row["epoch"]) + 1 for row in rows]
    figure, axis = new_figure()
    values = _column(rows, name)
    axis.plot(epochs, values, color=COLOURS[TRAIN], marker=".", label=SPLITS[TRAIN][1])
    texts: list[Pair] = [title, _EPOCH, SPLITS[TRAIN]]
    if f"val_{name}" in rows[0]:
        validated = _column(rows, f"val_{name}")
        label = SPLITS[chosen_on]
        axis.plot(epochs, validated, color=COLOURS[chosen_on], marker=".", label=label[1])
        values = [*values, *validated]
        texts.append(label)
        if (best := _best(rows)) is not None:
            axis.axvline(epochs[best], color=GREY, linestyle=":")
            note = (f"최고 에포크 {epochs[best]}", f"best epoch {epochs[best]}")
            left = best > len(rows) / 2
            axis.annotate(
                note[1],
                (epochs[best], 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(-4 if left else 4, -2),
                textcoords="offset points",
                ha="right" if left else "left",
                va="top",
                fontsize=9,
            )
            texts.append(note)
        axis.legend(frameon=False, loc="best")
    axis.set_title(title[1])
    axis.set_xlabel(_EPOCH[1])
    axis.set_xlim(0.5, max(epochs) + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    if name in _LOGARITHMIC:
        _set_log_scale(axis, values)
    else:
        axis.set_ylim(0, 1)
    caption = (f"{title[0]}, 에포크별", f"{title[1]} by epoch")
    return chart(figure, f"curve-{name.replace('_', '-')}", caption, texts)


def _set_log_scale(axis: Axes, values: Sequence[float]) -> None:
    """Sets a logarithmic scale of at least a decade, with ticks at 1, 2 and 5 of each."""
    positive = [value for value in values if math.isfinite(value) and value > 0]
    if not positive:
        return
    low, high = min(positive), max(positive)
    middle = math.sqrt(low * high)
    axis.set_yscale("log")
    # A constant rate would be drawn between 0.00096 and 0.00104.
    axis.set_ylim(min(low / 1.3, middle / 3.2), max(high * 1.3, middle * 3.2))
    decades = math.log10(high / low)
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,)))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def _column(rows: Sequence[Mapping[str, str]], name: str) -> list[float]:
    return [float(row[name]) if row[name] else float("nan") for row in rows]
