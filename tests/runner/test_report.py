"""The page of a run, read as people do: in a browser."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser

from testing.pipeline.runs import Run, run, write_colours
from testing.report.browsing import PHONE, WIDE, opened


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_page_of_a_pushed_run_shows_all(
    pushed: Run, browser: Browser, size: tuple[int, int]
) -> None:
    page = opened(browser, pushed.output / "report.html", size, color_scheme="dark")
    assert "Pushed" in page.inner_text("#verdict + .ending")
    loaded = page.evaluate("[...document.images].map(each => each.naturalWidth)")
    assert len(loaded) >= 4 and min(loaded) > 0
    # 4 distributions, 3 curves, 2 calibrations, risk; and the trend, if other tests ran it again.
    runs = len(list((pushed.output / "runs").iterdir()))
    assert page.locator("svg").count() == 10 + (runs > 1)
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
    cells = page.locator("#confusion-frames tbody td").all_inner_texts()
    told = json.loads((pushed.output / "report.json").read_text("utf-8"))["metrics"]["confusion"]
    assert [int(cell.split()[0]) for cell in cells] == [count for row in told for count in row]
    # What the page links to is there.
    links = page.locator("#files ~ ul a").evaluate_all("links => links.map(link => link.href)")
    assert {
        "run.json",
        "report.json",
        "rejects.csv",
        "curves.csv",
        "metrics.json",
        "tensorboard",
    } <= {Path(link).name for link in links}
    assert all(Path(unquote(link.removeprefix("file://"))).exists() for link in links)
    assert [each.stem for each in (pushed.output / "runs").iterdir()]
    # By keyboard: the first tab stop leads past the navigation.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_the_page_of_refused_data_shows_the_rows_and_the_verdict(
    browser: Browser, tmp_path: Path
) -> None:
    csv = write_colours(tmp_path, "train", clips=2)
    text = csv.read_text("utf-8").splitlines()
    bad = [line.replace('"12,', '"-12,') if n % 2 else line for n, line in enumerate(text)]
    csv.write_text("\n".join(bad) + "\n", "utf-8")
    store = tmp_path / "mlruns"
    ended = run(tmp_path / "out", csv, None, mlflow=str(store))
    assert ended.exit == 3
    page = opened(browser, ended.output / "report.html", WIDE)
    assert "Data refused" in page.inner_text("#verdict + .ending")
    assert "box_outside_image: 24" in page.inner_text("main")
    assert page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
    assert page.locator("#scores").count() == 0

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=store.as_uri())
    (written,) = client.search_runs([client.get_experiment_by_name("pet-mood").experiment_id])
    assert (written.info.status, written.data.tags["exit"]) == ("FAILED", "3")
    assert written.data.params["csv_sha256.all"] == ended.record["csvs"]["all"]["sha256"]
    names = [each.path for each in client.list_artifacts(written.info.run_id)]
    assert names == ["report.html", "report.json", "run.json"]
