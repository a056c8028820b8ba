"""Figures as SVG elements, with each text in both languages.

Their texts are text elements and not outlines, so that they take the page's fonts and colours, and
the page shows the language that it is set to. matplotlib measures and places the English text.
"""

import html
import io
import logging
from collections.abc import Iterable
from typing import NamedTuple

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report.translations import Pair
from schemas.splits import EVAL, TRAIN, VALIDATION

COLOURS = {TRAIN: "#2f7fd0", VALIDATION: "#8f8f2a", EVAL: "#e0752d"}
"""The colour-blind can tell them apart too, on white and on black."""
GREY = "#808890"
"""Axes and grid: visible on white and on black. The page gives texts a colour of its own."""

matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "report",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "axes.grid": True,
        "grid.color": GREY,
        "grid.alpha": 0.25,
    }
)
# It warns that its own font has no Hangul, but it is the browser that draws the texts.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


class Chart(NamedTuple):
    """A figure.

    Attributes:
      name: id in the page.
      caption: what it shows, for all readers.
      svg: the ``svg`` element, which screen readers read as an image with that caption.
    """

    name: str
    caption: Pair
    svg: Markup


def new_figure(width: float = 4.6, height: float = 3.0, *, rows: int = 1) -> tuple[Figure, Axes]:
    """Returns a figure and its axes, transparent, at 72 dots an inch as in the SVG.

    Args:
      width: inches; the page scales it down to the column that it stands in.
      height: likewise.
      rows: 2 adds axes for bars below, a third as high; ``figure.axes`` has both.
    """
    # Not pyplot's: it would keep each figure until the process ends, and look for a screen.
    figure = Figure(figsize=(width, height), dpi=72)
    figure.patch.set_alpha(0)
    heights = [3, 1][:rows]
    axes = figure.subplots(nrows=rows, height_ratios=heights, squeeze=False).ravel()
    # The margins of the longest tick labels. A layout that is computed takes half of the time.
    figure.subplots_adjust(
        left=0.86 / width,
        right=1 - 0.24 / width,
        bottom=0.52 / height,
        top=1 - 0.32 / height,
        hspace=0.3,
    )
    for axis in axes:
        axis.patch.set_alpha(0)
    return figure, axes[0]


def percent(value: float, position: float | None = None) -> str:
    """Returns the text of a tick: 0.025 is "2.5 %"."""
    return f"{100 * value:g} %"


def chart(figure: Figure, name: str, caption: Pair, texts: Iterable[Pair] = ()) -> Chart:
    """Returns a drawn figure.

    Args:
      figure: with English texts.
      name: id in the page.
      caption: what it shows.
      texts: all of the figure's texts that differ in Korean.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    for korean, english in texts:
        both = "".join(
            f'<tspan lang="{language}">{html.escape(text)}</tspan>'
            for language, text in (("ko", korean), ("en", english))
        )
        svg = svg.replace(f">{html.escape(english, quote=False)}</text>", f">{both}</text>")
    # matplotlib numbers its elements alike in each figure, and ids are unique in a page.
    for attribute in ('id="', 'href="#', "url(#"):
        svg = svg.replace(attribute, f"{attribute}{name}-")
    svg = svg.replace("<svg", f'<svg role="img" aria-labelledby="{name}-caption"', 1)
    # Safe without escaping: matplotlib escapes the texts that it is given, and so do we.
    return Chart(name, caption, Markup(svg))
