"""The page of a run and its JSON document; each file appears whole or not at all."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from report import (
    formatting,
    galleries,
    histograms,
    model_card,
    plots,
    thumbnails,
    translations,
)
from report.results import Results
from schemas import artifacts, labels, reasons
from schemas.documents.evaluation import Verdict
from schemas.documents.run import Ending, Report, Run
from schemas.documents.servable import ServableCheckRecord
from schemas.exit_codes import RunExit
from schemas.splits import EVAL, split_folder
from system.files import write_whole
from system.patterns import escaped

HTML, JSON, CARD = "report.html", "report.json", "model_card.md"
_TEMPLATES = Path(__file__).parent / "templates"
_MISSING = "–"
"""Text of a figure that is None."""


@dataclass(frozen=True)
class _CheckLine:
    """A check of the verdict, in both languages."""

    passed: bool
    korean: str
    english: str


@dataclass(frozen=True)
class _Refusal:
    """A reason, the number of rows that were refused for it, and a few of them."""

    reason: str
    korean: str
    count: int
    rows: list[thumbnails.RefusedRow]


def write(record: Run, results: Results, image_root: Path | None, folder: Path) -> Path:
    """Writes ``report.html``, ``report.json`` and, of an evaluated model, ``model_card.md``.

    Returns the page's path.

    Args:
      record: the document of ``run.json``.
      results: of the run; what is None is left out of the page.
      image_root: folder that the CSVs' relative image paths start from; None is each CSV's own.
      folder: for the files. Those of an earlier run are removed first, so that nobody takes
        them for this run's.
    """
    # The page goes first and comes last: where it is, its document is.
    for name in (HTML, JSON, CARD):
        (folder / name).unlink(missing_ok=True)
    report = document(record, results)
    write_whole(folder / JSON, json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    if card := model_card.render(report):
        write_whole(folder / CARD, card)
    write_whole(folder / HTML, render(report, results, image_root))
    return folder / HTML


def document(record: Run, results: Results) -> Report:
    """Returns the document of ``report.json``."""
    return {
        "ending": _ending(record),
        "record": record,
        "ingest": results.ingest,
        "validation": results.validation,
        "leaks": results.leaks,
        "tuner": results.tuner,
        "training": results.training,
        "metrics": results.metrics,
        "servable": results.servable,
        "preprocessing": results.preprocessing,
    }


def _ending(record: Run) -> Ending:
    if record["exit"] == RunExit.PUSHED:
        return "pushed"
    if record["exit"] == RunExit.DATA_REFUSED:
        return "data_refused"
    if record["exit"] == RunExit.NOT_BLESSED:
        return "not_blessed"
    return "failed"


def render(report: Report, results: Results, image_root: Path | None) -> str:
    """Returns the page: one HTML document that needs no other file and no network."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "score": functools.partial(formatting.score_text, missing=_MISSING),
        "duration": functools.partial(formatting.duration_text, missing=_MISSING),
        "number": "{:,}".format,
        "training": formatting.training_text,
    }

    pictures = _galleries(results)
    settings = report["record"]["settings"] or {}
    return environment.get_template("report.html.j2").render(
        **report,
        text=translations,
        moods_in_english=labels.MOODS_IN_ENGLISH,
        checks=_check_lines(results),
        validations=[each for each in (results.validation, results.leaks) if each],
        refusals=_refusals(results, image_root),
        galleries=pictures,
        galleries_order=tuple(pictures),
        plots=_plots(results),
        model_card=model_card.render(report),
        settings={
            f"{group}.{name}": value
            for group, values in settings.items()
            for name, value in values.items()
        },
    )


def _check_lines(results: Results) -> list[_CheckLine]:
    """Returns the Evaluator's checks, and those of the ServableCheck that failed."""
    lines = _evaluator_checks(results.metrics["verdict"]) if results.metrics else []
    if results.servable:
        lines += _failed_servable_checks(results.servable["checks"])
    return lines


def _evaluator_checks(verdict: Verdict) -> list[_CheckLine]:
    lines = []
    for check in verdict["checks"]:
        question, figures = translations.CHECKS[check["check"]]
        if check["value"] is None:
            measured = translations.NO_FIGURES
        else:
            measured = figures.format(value=check["value"], limit=check["limit"])
        lines.append(_CheckLine(check["passed"], f"{question} {measured}.", check["message"]))
    return lines


def _failed_servable_checks(checks: list[ServableCheckRecord]) -> list[_CheckLine]:
    return [
        _CheckLine(False, translations.SERVABLE_QUESTION, check["message"])
        for check in checks
        if not check["passed"]
    ]


def _refusals(results: Results, image_root: Path | None) -> list[_Refusal]:
    """Returns the reasons that rows were refused for, the most frequent first."""
    if results.ingest is None or results.rejects_csv is None:
        return []
    splits = results.ingest["splits"].values()
    counts = {
        reason: sum(split["refused"].get(reason, 0) for split in splits)
        for reason in {reason for split in splits for reason in split["refused"]}
    }
    rows = thumbnails.refused_rows(results.rejects_csv, image_root)
    return [
        _Refusal(
            reason, reasons.IN_KOREAN[reasons.RejectReason(reason)], count, rows.get(reason, [])
        )
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count
    ]


def _galleries(results: Results) -> dict[str, list[galleries.GalleryPicture]]:
    """Returns the galleries; {} where the run did not get as far as the Evaluator."""
    if not (results.metrics and results.predictions and results.examples and results.checkpoint):
        return {}
    mood_names = results.metrics["moods"]
    return galleries.draw_pictures(
        galleries.select_predictions(results.predictions, mood_names),
        escaped(str(results.examples / split_folder(EVAL))) + "/*",
        results.checkpoint,
        mood_names,
    )


def _plots(results: Results) -> dict[str, Markup]:
    """Returns the plots that the run has figures for, by heading."""
    svgs = {}
    if results.frames and (by_title := histograms.frame_histograms(results.frames)):
        svgs["distributions"] = plots.distributions(by_title)
    if results.checkpoint:
        curves_csv = results.checkpoint.with_name(artifacts.CURVES_CSV)
        if curves_csv.exists():
            svgs["curves"] = plots.curves(curves_csv, results.chosen_on or EVAL)
    if results.metrics:
        svgs["reliability"] = plots.reliability(results.metrics["reliability"])
        svgs["risk_coverage"] = plots.risk_coverage(
            results.metrics["risk_coverage"], results.metrics["unsure"]
        )
    # Safe without escaping: matplotlib made it, and its texts are column names of our own.
    return {name: Markup(svg) for name, svg in svgs.items()}
