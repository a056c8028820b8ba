"""The page of a run and its JSON document; each file appears whole or not at all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from report import html, model_card, translations
from report.charts import scores as score_charts
from report.charts.curves import best_epoch, curves
from report.charts.distributions import distributions
from report.charts.figures import Chart
from report.charts.histograms import frame_histograms
from report.overview import findings, history
from report.overview.cards import cards
from report.overview.checks import check_lines
from report.overview.links import links, tensorboard_command
from report.overview.next_steps import next_steps
from report.pictures import selection, thumbnails
from report.results import Results
from report.risk_coverage import curve
from report.tables import confusion, exports, locating, run, scores, trend
from report.translations import TEXTS, Pair
from schemas import artifacts
from schemas.documents.run import Ending, Report, Run
from schemas.exit_codes import RunExit
from schemas.splits import EVAL, split_folder
from system.files import write_whole
from system.patterns import escaped

if TYPE_CHECKING:
    from report.pictures.galleries import DrawnGalleries

HTML, JSON, CARD = "report.html", "report.json", "model_card.md"


@dataclass(frozen=True)
class _Refusal:
    """A reason, the number of rows that were refused for it, and a few of them."""

    reason: str
    text: Pair
    count: int
    rows: list[thumbnails.RefusedRow]


def write(record: Run, results: Results, image_root: Path | None, folder: Path) -> Path:
    """Writes ``report.html``, ``report.json`` and, of an evaluated model, ``model_card.md``.

    Returns the page's path.

    The document is also kept in the folder's ``runs``, see ``report.overview.history``.

    Args:
      record: the document of ``run.json``.
      results: of the run; what is None is left out of the page.
      image_root: folder that the CSVs' relative image paths start from; None is each CSV's own.
      folder: for both files. Those of an earlier run are removed first, so that nobody takes
        them for this run's.
    """
    # The page goes first and comes last: where it is, its document is.
    for name in (HTML, JSON, CARD):
        (folder / name).unlink(missing_ok=True)
    report = document(record, results)
    write_whole(folder / JSON, json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    if card := model_card.render(report):
        write_whole(folder / CARD, card)
    history.keep(folder, report)
    write_whole(folder / HTML, render(report, results, image_root, folder))
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
        "locator": results.locator,
        "metrics": results.metrics,
        "servable": results.servable,
        "preprocessing": results.preprocessing,
        "exports": results.exports,
    }


def _ending(record: Run) -> Ending:
    if record["exit"] == RunExit.PUSHED:
        return "smoke_test" if record["smoke_test"] else "pushed"
    if record["exit"] == RunExit.DATA_REFUSED:
        return "data_refused"
    if record["exit"] == RunExit.NOT_BLESSED:
        return "not_blessed"
    return "failed"


def render(
    report: Report, results: Results, image_root: Path | None, folder: Path | None = None
) -> str:
    """Returns the page: one HTML document that needs no other file and no network.

    Args:
      report: the document of the run.
      results: its files.
      image_root: see ``write``.
      folder: where the page will lie, for its links and the trend; None where it has neither, as
        on a cluster.
    """
    metrics = report["metrics"]
    past = history.recent(folder)
    settings = report["record"]["settings"] or {}
    validations = [each for each in (results.validation, results.leaks) if each]
    return html.render(
        "report.html.j2",
        report=report,
        record=report["record"],
        metrics=metrics,
        cards=cards(report),
        steps=next_steps(report, results),
        checks=check_lines(results),
        findings=findings.lines(validations),
        leaks=findings.leak_counts(results.leaks["leaks"]) if results.leaks else [],
        rows=run.rows(results.ingest) if results.ingest else None,
        leaked=run.leaks(results.leaks) if results.leaks else None,
        refusals=_refusals(results, image_root),
        past=trend.table(past) if len(past) > 1 else None,
        trend=score_charts.trend(past) if len(past) > 1 else None,
        frames=scores.predictors("scores-frames", TEXTS["by_frame"], {**metrics})
        if metrics
        else None,
        clips=scores.predictors("scores-clips", TEXTS["by_clip"], metrics["per_clip"])
        if metrics
        else None,
        moods=scores.moods(metrics) if metrics else None,
        slices=scores.slices(metrics) if metrics else None,
        boxes=scores.boxes({**metrics}) if metrics else None,
        locator=locating.table({**results.locator}) if results.locator else None,
        empty_pictures=locating.empty({**results.locator}) if results.locator else None,
        mood_calibration=scores.calibration({**metrics}) if metrics else None,
        is_of_drawings=_is_of_drawings(report),
        confused=scores.most_confused(metrics) if metrics else None,
        matrices=confusion.matrices(metrics) if metrics else [],
        reliability=_reliability(results),
        risk=_risk(results),
        galleries=_galleries(results),
        training=_training(results),
        trials=run.trials(results.tuner) if results.tuner else None,
        distributions=_distributions(results),
        exports=exports.table({**report}),
        exports_note=exports.note({**report}),
        model_card=model_card.render(report),
        nodes=run.nodes(report["record"]["nodes"]) if report["record"]["nodes"] else None,
        changed=run.changed_settings(settings),
        settings=run.settings(settings) if settings else None,
        links=links(report["record"], results, folder) if folder else [],
        tensorboard=tensorboard_command(results) if folder else "",
        resampled=translations.RESAMPLED[metrics["resampling"]["of"]] if metrics else None,
    )


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
        _Refusal(reason, findings.reason(reason), count, rows.get(reason, []))
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count
    ]


def _reliability(results: Results) -> list[Chart]:
    """Returns the charts of the calibration of frames and of clips."""
    if not results.metrics:
        return []
    by_clip = results.metrics["per_clip"]["model"].get("reliability")
    bins = (
        (results.metrics["reliability"], "calibration-frames", TEXTS["by_frame"]),
        (by_clip, "calibration-clips", TEXTS["by_clip"]),
    )
    return [score_charts.reliability(each, name, of) for each, name, of in bins if each]


def _risk(results: Results) -> html.Risk | None:
    """Returns the threshold's section; None where the Evaluator has not run, or has no answer."""
    if not results.metrics:
        return None
    points = curve(results.metrics)
    if not points:
        return None
    chart, places = score_charts.risk_coverage(points)
    return html.Risk.of(chart, points, places, {**results.metrics})


def _is_of_drawings(report: Report) -> bool:
    preprocessing = report["preprocessing"]
    # Models of before do not say what they were trained on.
    return preprocessing is not None and preprocessing.get("trained_on") == "drawings"


def _galleries(results: Results) -> "DrawnGalleries | None":
    """Returns the galleries; None where the run did not get as far as the Evaluator."""
    if not (results.metrics and results.predictions and results.examples and results.checkpoint):
        return None
    # The import loads TensorFlow.
    from report.pictures import galleries

    mood_names = results.metrics["moods"]
    return galleries.draw_pictures(
        selection.select_predictions(results.predictions, mood_names),
        escaped(str(results.examples / split_folder(EVAL))) + "/*",
        results.checkpoint,
        mood_names,
    )


def _training(results: Results) -> html.TrainingCurves | None:
    """Returns the curves of the training; None where it has not ended."""
    if results.checkpoint is None:
        return None
    curves_csv = results.checkpoint.with_name(artifacts.CURVES_CSV)
    if not curves_csv.exists():
        return None
    return html.TrainingCurves(
        curves(curves_csv, results.chosen_on or EVAL), best_epoch(curves_csv)
    )


def _distributions(results: Results) -> Sequence[Chart]:
    return distributions(frame_histograms(results.frames)) if results.frames else []
