"""The rules of the BoxValidator: counts and statistics in, findings out.

Nothing here touches files or artifacts.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.box_validator.settings import ValidationLimits
from components.findings import ERROR, WARNING, Finding
from schemas import features

_RATIOS = (
    features.BOX_TOP,
    features.BOX_LEFT,
    features.BOX_BOTTOM,
    features.BOX_RIGHT,
    features.BOX_AREA,
)


def refused_share(
    split: str, counts: Mapping[str, Any], max_reject_fraction: float
) -> Iterator[Finding]:
    """Finds a split without a usable row, or with too many refused ones among those read.

    Args:
      split: its name.
      counts: the split's entry in the ingest's counts.
      max_reject_fraction: share of refused rows that is still accepted, [0, 1].
    """
    used, refused = counts["used"], sum(counts["refused"].values())
    rows = used + refused
    share = refused / rows if rows else 0.0
    reasons = ", ".join(f"{reason} {n}" for reason, n in counts["refused"].items() if n)
    if used == 0:
        yield Finding(
            ERROR,
            "usable_rows",
            split,
            f"None of the {rows} rows can be used ({reasons or 'there is no row'}).",
            0,
            1,
        )
    elif share > max_reject_fraction:
        yield Finding(
            ERROR,
            "refused_share",
            split,
            f"{refused} of {rows} rows ({share:.1%}) are refused, "
            f"data.max_reject_fraction allows {max_reject_fraction:.1%} ({reasons}).",
            share,
            max_reject_fraction,
        )


def missing_moods(split: str, counts: Mapping[str, Any]) -> Iterator[Finding]:
    """Finds moods of the label map that no usable row of the split has."""
    for mood, rows in counts["moods"].items():
        if rows == 0 and counts["used"]:
            yield Finding(WARNING, "mood_without_rows", split, f"No usable row says {mood}.", 0, 1)


def label_shift(
    train: Mapping[str, Any], other_split: str, other: Mapping[str, Any], limits: ValidationLimits
) -> Iterator[Finding]:
    """Finds the mood whose share differs most from train, where it differs too much.

    The measure is the L-infinity distance of the two label distributions, as TFDV's skew
    comparator has it.
    """
    if not train["used"] or not other["used"]:
        return
    shares = {
        mood: (train["moods"][mood] / train["used"], other["moods"][mood] / other["used"])
        for mood in train["moods"]
    }
    mood = max(shares, key=lambda name: abs(shares[name][0] - shares[name][1]))
    first, second = shares[mood]
    if abs(first - second) > limits.max_label_shift:
        yield Finding(
            ERROR if limits.shift_is_error else WARNING,
            "label_shift",
            other_split,
            f"{mood} is {first:.1%} of train and {second:.1%} of {other_split}; "
            f"validate.max_label_shift is {limits.max_label_shift:.1%}.",
            abs(first - second),
            limits.max_label_shift,
        )


def box_shift(
    train: statistics_pb2.DatasetFeatureStatistics,
    other_split: str,
    other: statistics_pb2.DatasetFeatureStatistics,
    limits: ValidationLimits,
) -> Iterator[Finding]:
    """Finds box columns whose mean lies too many standard deviations of train away."""
    ours, theirs = _numeric(train), _numeric(other)
    for name in (*_RATIOS, features.BOX_ASPECT):
        if name not in ours or name not in theirs:
            continue
        spread = ours[name].std_dev
        distance = abs(ours[name].mean - theirs[name].mean)
        shift = distance / spread if spread else (0.0 if distance == 0 else math.inf)
        if shift > limits.max_box_shift:
            yield Finding(
                ERROR if limits.shift_is_error else WARNING,
                "box_shift",
                other_split,
                f"{name} has the mean {ours[name].mean:.3f} in train and "
                f"{theirs[name].mean:.3f} in {other_split}, {shift:.1f} standard deviations "
                f"apart; validate.max_box_shift is {limits.max_box_shift:g}.",
                shift,
                limits.max_box_shift,
            )


def box_anomalies(
    split: str, statistics: statistics_pb2.DatasetFeatureStatistics, limits: ValidationLimits
) -> Iterator[Finding]:
    """Holds the least and the greatest values of the box columns to their limits.

    Ratios outside [0, 1] are errors: no ingest of ours can write them. A box that is tiny
    against its photo, or very long, is reported. A column that is missing is the schema's matter.
    """
    area, aspect = features.BOX_AREA, features.BOX_ASPECT
    rules = [(ERROR, name, 0.0, 1.0, f"{name} must lie in [0, 1]") for name in _RATIOS]
    rules += [
        (
            *(WARNING, area, limits.min_area, math.inf),
            f"some boxes cover less than {limits.min_area:.2%} of their photo",
        ),
        (
            *(WARNING, aspect, 1 / limits.max_aspect, limits.max_aspect),
            f"some boxes are over {limits.max_aspect:g} times as long as wide",
        ),
    ]
    columns = _numeric(statistics)
    for severity, name, low, high, description in rules:
        column = columns.get(name)
        if column is not None and not low <= column.min <= column.max <= high:
            yield Finding(severity, "box_statistics", split, f"{name}: {description}")


def schema_anomalies(split: str, anomalies: anomalies_pb2.Anomalies) -> Iterator[Finding]:
    """Takes over what the ExampleValidator found."""
    for name, info in anomalies.anomaly_info.items():
        severe = info.severity == anomalies_pb2.AnomalyInfo.ERROR
        yield Finding(ERROR if severe else WARNING, "schema", split, f"{name}: {info.description}")


def _numeric(
    dataset: statistics_pb2.DatasetFeatureStatistics,
) -> dict[str, statistics_pb2.NumericStatistics]:
    return {
        ".".join(feature.path.step): feature.num_stats
        for feature in dataset.features
        if feature.HasField("num_stats")
    }
