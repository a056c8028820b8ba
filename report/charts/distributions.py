"""Charts of how the frames' measurements are distributed in each split."""

from collections.abc import Mapping

from report.charts.figures import COLOURS, Chart, chart, new_figure, percent
from report.charts.histograms import BySplit
from report.translations import SPLITS, Pair

_SHARE: Pair = ("프레임의 비율", "share of frames")


def distributions(histograms: Mapping[str, BySplit]) -> list[Chart]:
    """Returns histograms as shares of the frames, one chart a measurement and one line a split.

    Args:
      histograms: by measurement; see ``report.charts.histograms``.
    """
    return [_panel(name, by_split) for name, by_split in histograms.items()]


_TITLES: dict[str, Pair] = {
    "box_area": ("사진에서 박스가 차지하는 비율", "box area / photo"),
    "brightness": ("밝기 (0–1)", "brightness (0–1)"),
    "contrast": ("대비 (0–0.5)", "contrast (0–0.5)"),
    "sharpness": ("선명도 (log10)", "log10 sharpness"),
}


def _panel(name: str, by_split: BySplit) -> Chart:
    figure, axis = new_figure(3.4, 2.6)
    title = _TITLES[name]
    for split, histogram in by_split.items():
        shares = histogram.counts / max(int(histogram.counts.sum()), 1)
        axis.stairs(
            shares, histogram.edges, color=COLOURS[split], label=SPLITS[split][1], linewidth=1.6
        )
    axis.set_title(title[1])
    axis.set_ylim(bottom=0)
    axis.set_ylabel(_SHARE[1])
    axis.yaxis.set_major_formatter(percent)
    axis.legend(frameon=False)
    caption = (f"{title[0]}의 분포", f"Distribution of {title[1]}")
    texts = [title, _SHARE, *(SPLITS[split] for split in by_split)]
    return chart(figure, f"distribution-{name.replace('_', '-')}", caption, texts)
