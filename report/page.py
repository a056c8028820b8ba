"""Makes a run's page and its JSON; each is there whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from report import figures, galleries, plots, thumbnails, translations
from report.sources import Sources
from schemas import artifacts, labels
from schemas.splits import EVAL
from system.files import write_whole

HTML, JSON = "report.html", "report.json"
_TEMPLATES = Path(__file__).parent / "templates"
_ENDINGS = {0: "pushed", 3: "data_refused", 4: "not_blessed"}
"""By exit code; all others are failures."""


def write(sources: Sources, folder: Path) -> Path:
    """Writes ``report.html`` and ``report.json`` and returns the page's path.

    Args:
      sources: what the run has left; what is None is left out of the page.
      folder: where to; the files of an earlier run go first, so that none is taken for this one's.
    """
    for name in (JSON, HTML):
        (folder / name).unlink(missing_ok=True)
    documents = _documents(sources)
    write_whole(folder / JSON, json.dumps(documents, ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / HTML, render(sources, documents))
    return folder / HTML


def _documents(sources: Sources) -> dict[str, Any]:
    names = ("record", "ingest", "validation", "leaks", "tuner", "metrics", "servable")
    return {
        "ending": _ENDINGS.get(sources.record["exit"], "failed"),
        **{name: getattr(sources, name) for name in names},
    }


def render(sources: Sources, documents: Mapping[str, Any]) -> str:
    """Returns the page: one HTML document that needs nothing from outside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = _galleries(sources)
    environment.filters |= {"share": _share, "took": _took, "number": "{:,}".format}
    return environment.get_template("report.html.j2").render(
        **documents,
        words=translations,
        in_english=labels.MOODS_IN_ENGLISH,
        checks=_checks(sources),
        reports=[each for each in (sources.validation, sources.leaks) if each],
        refused=_refused(sources),
        galleries=shown,
        galleries_order=tuple(shown),
        plots=_plots(sources),
        settings=_flat(sources.record["settings"] or {}),
    )


def _checks(sources: Sources) -> list[Mapping[str, Any]]:
    """Returns the gate's checks and those of the servable that failed."""
    gate = (sources.metrics or {}).get("verdict", {}).get("checks", [])
    servable = (sources.servable or {}).get("checks", [])
    return [*gate, *(check for check in servable if not check["passed"])]


def _refused(sources: Sources) -> list[dict[str, Any]]:
    """Returns each reason with its number and a few rows, the most frequent first."""
    if sources.ingest is None or sources.rejects_csv is None:
        return []
    splits = sources.ingest["splits"].values()
    reasons = {reason for split in splits for reason in split["refused"]}
    numbers = {each: sum(split["refused"].get(each, 0) for split in splits) for each in reasons}
    rows = thumbnails.refused_rows(sources.rejects_csv, sources.image_root)
    return [
        {"reason": reason, "number": number, "rows": rows.get(reason, [])}
        for reason, number in sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
        if number
    ]


def _galleries(sources: Sources) -> dict[str, list[galleries.Shown]]:
    wanted = (sources.metrics, sources.predictions, sources.examples, sources.model_run)
    if any(each is None for each in wanted):
        return {}
    assert sources.metrics and sources.predictions and sources.examples and sources.model_run
    moods = sources.metrics["moods"]
    return galleries.draw(
        galleries.choose(sources.predictions, moods),
        str(sources.examples / f"Split-{EVAL}" / "*"),
        sources.model_run / artifacts.CHECKPOINT_KERAS,
        moods,
    )


def _plots(sources: Sources) -> dict[str, Markup]:
    drawn = {}
    if sources.frames and (values := figures.histograms(sources.frames)):
        drawn["distributions"] = plots.distributions(values)
    if sources.model_run and (sources.model_run / artifacts.CURVES_CSV).exists():
        drawn["curves"] = plots.curves(sources.model_run / artifacts.CURVES_CSV)
    if sources.metrics:
        drawn["reliability"] = plots.reliability(sources.metrics["reliability"])
    # What matplotlib has drawn is markup, and the texts in it are column names of our own.
    return {name: Markup(svg) for name, svg in drawn.items()}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{int(rest):02d}" if minutes else f"{rest:.1f} s"
