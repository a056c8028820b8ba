"""The page of a request log: what it tells, and how it reads in a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from report.drift import charts, overview, page, tables
from schemas.documents.drift import Drift
from testing.monitoring.found import found_in
from testing.report.browsing import PHONE, WIDE, opened, overflow, violations


@pytest.fixture(scope="module")
def drifted() -> Drift:
    """A night, and photos without an animal."""
    return found_in("clean", "night", "no_animal")


@pytest.fixture(scope="module")
def steady() -> Drift:
    return found_in("clean")


def steps(found: Drift) -> str:
    return " ".join(step.text[1] for step in overview.next_steps(found))


def test_each_cause_has_a_row_a_chart_that_comes_first_and_a_step(drifted: Drift) -> None:
    table = tables.alarms(drifted)
    assert table is not None
    names = [row[0].text[1] for row in table.rows]
    assert {"Brightness", "Share of photos without an animal"} <= set(names)
    drawn = charts.over_time(drifted)
    first = [chart.caption[1] for chart in drawn[: len(names)]]
    assert first == [caption for caption in first if caption.endswith(": changed")]
    # Four facts, six moods, three shares and macro-F1.
    assert len(drawn) == 14
    assert "Photos look otherwise" in steps(drifted) and "no animal" in steps(drifted)
    assert "Moods have other shares" not in steps(drifted)
    values = {card.name: card.value[1] for card in overview.cards(drifted)}
    assert values["requests"] == "1,500" and values["alarms"] == str(len(names))


def test_shares_are_told_in_per_cent_and_facts_as_they_are(drifted: Drift) -> None:
    rows = {one["test"]: one for one in drifted["alarms"]}
    table = tables.alarms(drifted)
    assert table is not None
    cells = {row[0].text[1]: [cell.text[1] for cell in row] for row in table.rows}
    share = cells["Share of photos without an animal"]
    assert share[2:4] == ["5.0%", f"{rows['no_animal']['value']:.1%}"]
    assert cells["Brightness"][3] == f"{rows['brightness']['value']:.3g}"


def test_without_a_change_nothing_needs_to_be_done(steady: Drift) -> None:
    assert tables.alarms(steady) is None
    assert steps(steady).startswith("Nothing.")
    text = page.render(steady)
    assert "What has changed" not in text
    assert f"{steady['macro_f1']:.3f}" in text


def test_a_log_without_requests_has_a_page_too() -> None:
    text = page.render(found_in())
    assert "There are too few requests to tell." in text
    assert "A window needs 250 requests (drift.window)." in text
    assert "<svg" not in text


_TEXTS = """() => {
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!element.closest("code") && element.checkVisibility())
            texts.push(walker.currentNode.data.trim());
    }
    return texts.filter(text => text);
}"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "scheme", "locale"), [(WIDE, "light", "ko-KR"), (PHONE, "dark", "en-US")]
)
def test_the_page_is_in_one_language_keeps_wcag_aa_and_hides_nothing(
    browser: Browser, tmp_path: Path, drifted: Drift, size: tuple[int, int], scheme: str,
    locale: str,
) -> None:  # fmt: skip
    (tmp_path / "drift.html").write_text(page.render(drifted), "utf-8")
    how = {"color_scheme": scheme, "locale": locale, "bypass_csp": True}
    one = opened(browser, tmp_path / "drift.html", size, **how)
    one.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert violations(one) == []
    assert overflow(one) == 0
    one.click("[data-language=en]")
    assert [text for text in one.evaluate(_TEXTS) if re.search("[가-힣]", text)] == []
    one.click("[data-language=ko]")
    names = r"log\.photos=true|drift\.\w+|status|cron|\S+T\S+Z?"  # Of settings, columns, times.
    english = [
        text
        for text in one.evaluate(_TEXTS)
        if re.search(r"\b[a-z]{4,}\b", re.sub(names, "", text))
    ]
    assert english == []
