"""The document of what a monitor has found, in words (Markdown)."""

from report.drift.texts import VERDICTS
from schemas.documents.drift import Alarm, Drift, MoodComparison
from system.printable import printable


def markdown(found: Drift) -> str:
    """Returns the document in words."""
    lines = [
        "# Requests and reference",
        "",
        f"**{VERDICTS[found['verdict']][1]}** {found['requests']:,} requests from "
        f"{found['since'] or '–'} to {found['until'] or '–'}, {found['windows']} windows; version "
        f"{found['version'] or 'any'}; reference: {found['reference_rows']:,} rows of "
        f"`{found['reference']}`.",
        *(f"\n- {note}" for note in found["notes"]),
    ]
    if found["alarms"]:
        lines += [
            "",
            "## What has changed",
            "",
            "| test | first seen at request | time | reference ",
        ]
        lines[-1] += "| requests | change | tolerance | chance | windows |"
        lines += ["|---|--:|---|--:|--:|--:|--:|--:|--:|", *map(_alarm_line, found["alarms"])]
    if found["facts"]:
        lines += ["", "## Image facts", "", "Quantiles 5, 25, 50, 75 and 95 %.", ""]
        lines += [
            "| fact | reference | requests | divergence | tolerance |",
            "|---|---|---|--:|--:|",
        ]
        lines += [
            f"| {name} | {_numbers(one['reference'])} | {_numbers(one['log'])} | "
            f"{one['divergence']:.3f} | {one['tolerance']:g} |"
            for name, one in found["facts"].items()
        ]
    if found["moods"]:
        lines += [
            *("", "## Moods", ""),
            "Shares in per cent. *Estimated*: how often the mood really is, if photos of a mood "
            "look as before (black-box shift estimation, 95 % interval; EM for comparison).",
            "",
            "| mood | true, eval | predicted, reference | predicted | estimated | EM | F1, eval "
            "| F1, estimated |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
            *(_mood_line(name, one) for name, one in found["moods"].items()),
        ]
        low, high = found["estimated_interval"] or [float("nan")] * 2
        lines += [
            "",
            f"Macro-F1 {found['macro_f1']:.3f} on the eval rows, estimated "
            f"{found['estimated_macro_f1']:.3f} ({low:.3f} to {high:.3f}) on these requests.",
        ]
    if found["shares"]:
        lines += ["", "## Shares", "", "| of the requests | reference | log | rows |"]
        lines += ["|---|--:|--:|--:|"]
        lines += [
            f"| {name} | {_percent(one['reference'])} | {one['log']:.1%} | {one['rows']:,} |"
            for name, one in found["shares"].items()
        ]
    return "\n".join(lines) + "\n"


def _alarm_line(alarm: Alarm) -> str:
    return (
        f"| {_cell(alarm['test'])} | {alarm['request']:,} | {alarm['time']} | "
        f"{alarm['reference']:.3g} | {alarm['value']:.3g} | {alarm['change']:.3f} | "
        f"{alarm['tolerance']:g} | {alarm['chance']:.1g} | {alarm['windows']} |"
    )


def _mood_line(name: str, one: MoodComparison) -> str:
    low, high = one["interval"]
    return (
        f"| {_cell(name)} | {100 * one['reference_prior']:.1f} | "
        f"{100 * one['reference_predicted']:.1f} | {100 * one['predicted']:.1f} | "
        f"{100 * one['prior']:.1f} ({100 * low:.1f} to {100 * high:.1f}) | "
        f"{100 * (one['prior_em'] or 0):.1f} | {one['f1']:.3f} | {one['estimated_f1']:.3f} |"
    )


def _cell(text: str) -> str:
    """Returns a text that ends neither its cell nor its line."""
    return printable(text).replace("|", "\\|")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
