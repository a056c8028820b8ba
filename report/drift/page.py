"""The page of what a monitor has found in a request log."""

from report import html
from report.drift import charts, overview, tables
from report.drift.notes import notes
from report.drift.texts import TITLE
from report.formatting import score_text
from schemas.documents.drift import Drift


def render(found: Drift) -> str:
    """Returns the page: one HTML document that needs no other file and no network."""
    return html.render(
        "drift.html.j2",
        title=TITLE,
        found=found,
        tone=overview.TONES[found["verdict"]],
        verdict=overview.verdict(found),
        cards=[*overview.cards(found)],
        steps=[*overview.next_steps(found)],
        notes=[*notes(found)],
        alarms=tables.alarms(found),
        charts=charts.over_time(found),
        moods=tables.moods(found),
        macro_f1=score_text(found["macro_f1"], "–"),
        facts=tables.facts(found),
        shares=tables.shares(found),
        settings=tables.settings(found),
    )
