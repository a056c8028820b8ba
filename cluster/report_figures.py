"""A run's results in the forms that the pages of Kubeflow and Vertex AI draw."""

from typing import Any

from report.results import Results
from schemas.documents.evaluation import HEADLINE, Metrics
from schemas.documents.leaks import LEAK_KINDS


def figures(results: Results) -> dict[str, float]:
    """Returns the properties of an artifact ``system.Metrics``: a number by name."""
    found: dict[str, float] = {}
    if results.ingest:
        for name, split in results.ingest["splits"].items():
            found[f"rows_{name}"] = split["used"]
            found[f"rows_refused_{name}"] = sum(split["refused"].values())
    if results.validation:
        found["data_findings"] = len(results.validation["findings"])
    if results.leaks:
        found |= {f"leaks_{kind}": results.leaks["leaks"][kind] or 0 for kind in LEAK_KINDS}
    if metrics := results.metrics:
        found |= _scores(metrics)
    if results.servable:
        found["servable"] = int(results.servable["passed"])
    return found


def _scores(metrics: Metrics) -> dict[str, float]:
    found: dict[str, float] = {
        "blessed": int(metrics["verdict"]["blessed"]),
        "rows_evaluated": metrics["rows"],
        "clips_evaluated": metrics["clips"],
        "majority_macro_f1": metrics["majority"]["macro_f1"],
    }
    for name in HEADLINE:
        found[name] = metrics["model"][name]
        interval = metrics["model"]["intervals"].get(name)
        if interval:
            found[f"{name}_low"], found[f"{name}_high"] = interval
    for key, scores in (
        ("calibration_error", metrics["model"]["ece"]),
        ("last_blessed_macro_f1", metrics["baseline"] and metrics["baseline"]["macro_f1"]),
    ):
        if scores is not None:
            found[key] = scores
    if clips := metrics["per_clip"].get("model"):
        found["clip_macro_f1"] = clips["macro_f1"]
    for mood, each in metrics["per_mood"].items():
        found[f"f1 {mood}"] = each["f1"]
    return found


def confusion(metrics: Metrics) -> dict[str, Any]:
    """Returns the confusion matrix of an artifact ``system.ClassificationMetrics``.

    The form is that of ``kfp.dsl.ClassificationMetrics.log_confusion_matrix``.
    """
    return {
        "annotationSpecs": [{"displayName": mood} for mood in metrics["moods"]],
        "rows": [{"row": list(row)} for row in metrics["confusion"]],
    }
