"""The model card of a run: Markdown for whoever decides whether to use the model.

Its sections follow Margaret Mitchell et al., "Model Cards for Model Reporting", 2019. It has
figures of this run alone, and says what is not known.
"""

from report import formatting, templating
from schemas.documents.intervals import Interval
from schemas.documents.run import Report
from schemas.labels import MOODS_IN_ENGLISH, mood_id


def render(report: Report) -> str:
    """Returns the card; "" where no model was evaluated."""
    metrics = report["metrics"]
    if metrics is None:
        return ""
    environment = templating.environment(autoescape=False)
    environment.filters |= {"cell": _cell, "mood_id": mood_id}
    return environment.get_template("model_card.md.j2").render(
        **report, measured=_measured, moods_in_english=MOODS_IN_ENGLISH
    )


def _measured(value: float | None, interval: Interval) -> str:
    """Returns a score with its interval."""
    text = formatting.score_text(value, templating.MISSING)
    if interval is None:
        return text
    return f"{text} ({interval[0]:.3f} to {interval[1]:.3f})"


def _cell(text: str) -> str:
    """Returns a text that Markdown shows as it is, also in a table."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|" else each for each in text)
