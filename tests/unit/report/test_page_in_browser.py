"""The page as people read it: in either language, on a phone, without a script, by keyboard."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from pipeline.config import Settings
from report import page as report_page
from report.comparison import page as comparison_page
from report.comparison.comparison import compare
from report.comparison.run_files import read_runs
from report.overview import history
from report.results import Results
from schemas import artifacts
from schemas.documents.run import Run
from testing.models.prediction_tables import clips_of
from testing.report import documents, score_documents
from testing.report.browsing import PHONE, WIDE, opened, overflow, violations
from testing.report.compared import write_run
from testing.report.records import record

pytestmark = pytest.mark.slow

ENDINGS = ("pushed", "not_blessed", "refused", "failed")
_HANGUL = re.compile("[가-힣]+")
_TEXTS = """() => {
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const apart = "code, pre, .path, .versions, script, #all-settings, #node-times tbody, "
            + "#exported tbody th";
        if (element.closest(apart) || !element.checkVisibility()) continue;
        texts.push(walker.currentNode.data.trim());
    }
    return texts.filter(text => text);
}"""
"""Texts that can be seen, without names of settings, nodes, packages, formats and files."""


def results_of(folder: Path) -> Results:
    """The results of a run that has come to everything but pictures."""
    rejects = folder / "rejects.csv"
    rejects.write_text(
        "split,source,line,image,reason,detail\n"
        "train,gone.csv,2,x.jpg,box_empty,no side may be 0\n"
        "train,gone.csv,3,y.jpg,image_missing,no such file\n"
    )
    (folder / "model").mkdir()
    (folder / "model" / artifacts.CURVES_CSV).write_text(
        "epoch,loss,learning_rate,macro_f1,val_loss,val_macro_f1\n"
        "0,2.5,0.001,0.3,2.4,0.3\n1,1.5,0.001,0.4,1.6,0.5\n",
        "utf-8",
    )
    return Results(
        ingest=documents.ingest(),
        rejects_csv=rejects,
        validation=documents.validation(),
        leaks=documents.leaks(),
        tuner=documents.trials(),
        checkpoint=folder / "model" / artifacts.CHECKPOINT_KERAS,
        training=documents.training(),
        metrics=score_documents.every_metric(),
        servable=documents.servable(),
        pushed=folder / "serving" / "17",
        exports=documents.exports(),
    )


def run_of(ending: str, folder: Path) -> tuple[Run, Results]:
    """A run that has ended in a way, and what it has come to."""
    results = results_of(folder)
    run = record(Settings())
    run["pushed"] = str(results.pushed)
    run["nodes"] = {"Trainer": {"seconds": 83.0, "cached": True, "peak_mib": 1851}}
    run["csvs"] = {"train": {"path": "/data/train.csv", "sha256": "ab" * 32, "bytes": 9}}
    run["versions"] = {"python": "3.10.13"}
    # axe-core looks at each text: some settings stand for all.
    run["settings"] = {"train": {**Settings().as_dict()["train"], "epochs": 3}}
    if ending == "not_blessed":
        run["exit"], run["pushed"], results.pushed = 4, None, None
        assert results.metrics
        results.metrics["verdict"]["blessed"] = False
        results.metrics["verdict"]["checks"][0]["passed"] = False
        failed = {"check": "tf1_loader", "passed": False, "message": "RuntimeError: no variable"}
        results.servable = {"passed": False, "pictures": 8, "checks": [failed]}  # type: ignore[list-item]
    elif ending != "pushed":
        run["exit"] = 3 if ending == "refused" else 1
        run["pushed"] = results.pushed = results.metrics = results.checkpoint = None
        results.training = results.servable = results.tuner = None
        run["error"] = "TFX says\nwhat went wrong"
    return run, results


def written(ending: str, folder: Path, runs_before: int = 2) -> Path:
    """Writes the page of a run, in a folder where there have been others."""
    for day in range(runs_before):
        run, results = record(Settings()), Results(metrics=score_documents.metrics())
        run["started"] = f"2026-11-{20 + day}T06:15:00+00:00"
        run["settings"] = {**Settings().as_dict(), "thin": {"max_frames": day}}
        history.keep(folder, report_page.document(run, results))
    return report_page.write(*run_of(ending, folder), None, folder)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a run for each of the endings."""
    return {ending: written(ending, tmp_path_factory.mktemp(ending)) for ending in ENDINGS}


@pytest.mark.parametrize(
    ("ending", "size", "scheme", "locale"),
    [
        ("pushed", WIDE, "dark", "en-US"),
        ("not_blessed", PHONE, "light", "ko-KR"),
        ("refused", PHONE, "dark", "en-US"),
        ("failed", WIDE, "light", "ko-KR"),
    ],
)
def test_every_page_keeps_wcag_aa(
    browser: Browser,
    pages: dict[str, Path],
    ending: str,
    size: tuple[int, int],
    scheme: str,
    locale: str,
) -> None:
    how: dict[str, Any] = {"color_scheme": scheme, "locale": locale, "bypass_csp": True}
    page = opened(browser, pages[ending], size, **how)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert violations(page) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_phone_hides_nothing_beside_its_window(
    browser: Browser, pages: dict[str, Path], ending: str
) -> None:
    page = opened(browser, pages[ending], PHONE, locale="en-US")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for language in ("en", "ko"):
        page.click(f"[data-language={language}]")
        assert overflow(page) == 0
        cut = page.evaluate(
            "[...document.querySelectorAll('td, th, svg')].filter(each => each.checkVisibility() &&"
            " each.getBoundingClientRect().right > window.innerWidth).map(each => each.outerHTML)"
        )
        assert cut == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_page_is_in_one_language_and_remembers_which(
    browser: Browser, pages: dict[str, Path], ending: str
) -> None:
    page = opened(browser, pages[ending], WIDE, locale="en-US")
    assert page.title().endswith("Pet mood")
    assert [text for text in page.evaluate(_TEXTS) if _HANGUL.search(text)] == []
    page.click("[data-language=ko]")
    assert page.title().endswith("반려동물 감정 모델")
    # English words have four letters or more in a row; names of files and settings are apart.
    english = [
        text
        for text in page.evaluate(_TEXTS)
        if re.search(r"\b[a-z]{4,}\b", re.sub(r"\S+[._/]\S+|--\S+", "", text))
    ]
    assert english == []
    page.reload()
    assert page.get_attribute("html", "lang") == "ko"
    assert page.get_attribute("[data-language=ko]", "aria-pressed") == "true"


def test_a_korean_browser_gets_korean_and_another_english(
    browser: Browser, pages: dict[str, Path]
) -> None:
    for locale, language in (("ko-KR", "ko"), ("de-DE", "en")):
        page = opened(browser, pages["pushed"], WIDE, locale=locale)
        assert page.get_attribute("html", "lang") == language


def test_without_a_script_the_page_is_whole_in_one_language(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = browser.new_page(java_script_enabled=False, locale="en-US")
    page.goto(pages["pushed"].as_uri())
    main = page.inner_text("main")
    assert "푸시됨" in main and "Pushed" not in main
    assert not page.is_visible(".languages") and not page.is_visible("#slider")
    # The figures of the slider are in a table too.
    assert page.is_visible("#coverages")


def test_what_became_of_a_format_s_locator_is_read_on_a_phone(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["pushed"], PHONE, locale="en-US")
    kept, left_out, refused = page.locator("#exported tbody tr").all_inner_texts()
    assert "same finds 100.0%" in kept and "finding +2.5" in kept
    assert "Left out" in left_out and "same finds 95.0%" in left_out
    assert "Discarded" in refused and "It could not be converted or run" in refused
    original = page.locator("#exported .original").first
    original.locator("summary").click()
    assert "Received: 95.0%" in original.inner_text()
    assert overflow(page) == 0
    assert "takes a photo without a box as a whole" in page.inner_text("section:has(#exports)")


def column(page: Page, table: str, index: int) -> list[str]:
    cells = page.locator(f"#{table} tbody tr").evaluate_all(
        f"rows => rows.map(row => row.cells[{index}].innerText)"
    )
    return [cell.split("\n")[0].strip() for cell in cells]


def test_a_click_on_a_heading_sorts_numbers_and_names(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["pushed"], WIDE, locale="en-US")
    assert column(page, "by-mood", 1) == ["10", "30"]
    header = page.locator("#by-mood thead th").nth(1)
    header.locator("button").click()
    assert column(page, "by-mood", 1) == ["30", "10"]
    assert header.get_attribute("aria-sort") == "descending"
    # By keyboard the other way round.
    page.keyboard.press("Enter")
    assert column(page, "by-mood", 1) == ["10", "30"]
    assert header.get_attribute("aria-sort") == "ascending"
    page.locator("#by-mood thead th button").first.click()
    assert column(page, "by-mood", 0) == ["calm, at ease", "fearful"]
    assert header.get_attribute("aria-sort") is None


def test_the_slider_tells_what_a_threshold_costs_and_moves_the_point(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["pushed"], WIDE, locale="en-US")
    output = page.locator("#slider output")
    # The model's own threshold is 0.6.
    assert output.inner_text() == "Answering from 0.60 on: 70.0 % answered, 90.0 % of these right"
    marker = page.locator("[id$=risk-marker]")
    before = marker.bounding_box()
    page.focus("#threshold-range")
    page.keyboard.press("Home")
    assert output.inner_text() == "Answering from 0.00 on: 100.0 % answered, 80.0 % of these right"
    after = marker.bounding_box()
    assert before and after
    # More is answered, further right, and more of it is wrong, which is higher.
    assert after["x"] > before["x"] and after["y"] < before["y"]


def test_figures_above_the_fold_and_the_next_step(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["not_blessed"], WIDE, locale="en-US")
    for name in ("macro-f1", "gain-majority", "gain-baseline", "worst-mood", "rows", "device"):
        box = page.locator(f"#card-{name}").bounding_box()
        assert box and box["y"] + box["height"] <= WIDE[1]
    step = page.locator(".next li").first
    box = step.bounding_box()
    assert box and box["y"] + box["height"] <= WIDE[1]
    assert "--set train.epochs=30" in step.inner_text()


def test_an_error_keeps_its_lines_and_is_not_told_twice(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["failed"], WIDE, locale="en-US")
    assert page.inner_text(".error") == "TFX says\nwhat went wrong"
    # Of refused data the findings say it.
    page = opened(browser, pages["refused"], WIDE, locale="en-US")
    assert "what went wrong" not in page.inner_text("main")
    assert page.inner_text("main").count("12 frames nearly equal") == 1


def test_the_page_of_a_comparison(browser: Browser, tmp_path: Path) -> None:
    rows = [*clips_of("a", 4, 4, "b"), *clips_of("b", 4, 3, "a")]
    first, same = (write_run(tmp_path / name, rows) for name in ("first", "same"))
    less = write_run(tmp_path / "less", rows[:-4], epochs=3)
    for runs, size in (((first, same), WIDE), ((first, same, less), PHONE)):
        path = comparison_page.write(compare(read_runs(runs)), tmp_path / f"out{len(runs)}")
        page = opened(browser, path, size, locale="en-US", bypass_csp=True)
        assert violations(page) == [] and overflow(page) == 0
        assert [text for text in page.evaluate(_TEXTS) if _HANGUL.search(text)] == []
    assert "cannot be compared row by row" in page.inner_text("main")
