"""The rules of the BoxValidator: functions that turn counts and statistics into findings.

They read and write no files and no artifacts.
"""

import math
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.box_validator.settings import ValidationLimits
from components.findings import ERROR, WARNING, Finding
from schemas import features
from schemas.documents.ingest import SplitCounts
from schemas.documents.validation import Severity

_RATIOS = (
    features.BOX_TOP,
    features.BOX_LEFT,
    features.BOX_BOTTOM,
    features.BOX_RIGHT,
    features.BOX_AREA,
)


def refused_share(split: str, counts: SplitCounts, max_reject_fraction: float) -> Iterator[Finding]:
    """Finds a split without a usable row, or with too many refused rows.

    Rows that were left out by ``thin.*`` count neither as used nor as refused.

    Args:
      split: its name.
      counts: of the split, as the ingest wrote them.
      max_reject_fraction: share of refused rows that is still accepted, [0, 1].
    """
    used, refused = counts["used"], sum(counts["refused"].values())
    rows = used + refused
    share = refused / rows if rows else 0.0
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts["refused"].items() if count)
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


def missing_moods(split: str, counts: SplitCounts) -> Iterator[Finding]:
    """Finds moods of the label map that no usable row of the split has."""
    for mood, rows in counts["moods"].items():
        if rows == 0 and counts["used"]:
            yield Finding(WARNING, "mood_without_rows", split, f"No usable row has {mood}.", 0, 1)


def label_shift(
    train: SplitCounts, other_split: str, other: SplitCounts, limits: ValidationLimits
) -> Iterator[Finding]:
    """Finds the mood whose share differs most between train and another split, if it is too much.

    The measure is the L-infinity distance of the two label distributions, which TFDV's skew
    comparator uses too.
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
    """Finds box columns whose means differ by too many standard deviations of train."""
    train_columns, other_columns = _numeric(train), _numeric(other)
    for name in (*_RATIOS, features.BOX_ASPECT):
        if name not in train_columns or name not in other_columns:
            continue
        mean, deviation = train_columns[name].mean, train_columns[name].std_dev
        other_mean = other_columns[name].mean
        distance = abs(mean - other_mean)
        shift = distance / deviation if deviation else (0.0 if distance == 0 else math.inf)
        if shift > limits.max_box_shift:
            yield Finding(
                ERROR if limits.shift_is_error else WARNING,
                "box_shift",
                other_split,
                f"{name} has the mean {mean:.3f} in train and {other_mean:.3f} in {other_split}, "
                f"{shift:.1f} standard deviations apart; "
                f"validate.max_box_shift is {limits.max_box_shift:g}.",
                shift,
                limits.max_box_shift,
            )


def box_anomalies(
    split: str, statistics: statistics_pb2.DatasetFeatureStatistics, limits: ValidationLimits
) -> Iterator[Finding]:
    """Finds box columns whose smallest or largest value is outside its limits.

    Ratios outside [0, 1] are errors, because the ingest cannot write them. A box that is tiny
    in its photo, or very long, is a warning. A missing column is found by the schema's check.
    """
    rules: list[tuple[Severity, str, float, float, str]] = [
        (ERROR, name, 0.0, 1.0, f"{name} must lie in [0, 1]") for name in _RATIOS
    ]
    rules.append(
        (
            *(WARNING, features.BOX_AREA, limits.min_area, math.inf),
            f"some boxes cover less than {limits.min_area:.2%} of their photo",
        )
    )
    rules.append(
        (
            *(WARNING, features.BOX_ASPECT, 1 / limits.max_aspect, limits.max_aspect),
            f"some boxes are over {limits.max_aspect:g} times as long as wide",
        )
    )

    columns = _numeric(statistics)
    for severity, name, low, high, description in rules:
        column = columns.get(name)
        if column is not None and not low <= column.min <= column.max <= high:
            yield Finding(severity, "box_statistics", split, f"{name}: {description}")


def schema_anomalies(split: str, anomalies: anomalies_pb2.Anomalies) -> Iterator[Finding]:
    """Turns the ExampleValidator's anomalies into findings."""
    for name, info in anomalies.anomaly_info.items():
        is_error = info.severity == anomalies_pb2.AnomalyInfo.ERROR
        severity: Severity = ERROR if is_error else WARNING
        yield Finding(severity, "schema", split, f"{name}: {info.description}")


def _numeric(
    dataset: statistics_pb2.DatasetFeatureStatistics,
) -> dict[str, statistics_pb2.NumericStatistics]:
    return {
        ".".join(feature.path.step): feature.num_stats
        for feature in dataset.features
        if feature.HasField("num_stats")
    }
