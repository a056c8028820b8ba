"""What the page tells its reader to do next, by how the run ended."""

import re
from typing import Any

import pytest

from components.evaluator.gate import Check
from pipeline import config
from pipeline.config import Settings
from report import page
from report.overview import remedies
from report.overview.next_steps import Step, next_steps
from report.results import Results
from report.translations import CHECKS
from schemas.documents.gate import CheckRecord
from schemas.documents.run import Report
from testing.report import documents, score_documents
from testing.report.records import record


def report_of(results: Results, exit_code: int, **changes: Any) -> Report:
    return page.document({**record(Settings(), exit_code), **changes}, results)


def english(steps: list[Step]) -> list[str]:
    return [step.text[1] for step in steps]


def test_a_pushed_model_is_to_be_tried_and_its_weak_sides_are_named() -> None:
    results = Results(metrics=score_documents.metrics())
    report = report_of(results, 0, pushed="/out/my models/17", chosen_on="eval")
    steps = next_steps(report, results)
    assert steps[0].command.startswith(
        "uv run python inference.py --weight_path '/out/my models/17'"
    )
    # Chosen on the eval rows; four clips without an interval; fearful has F1 1/3, macro-F1 is 0.5,
    # which is no more than 0.2 below: it is not named.
    assert "These scores are a little too good. Keep validation rows apart." in english(steps)
    assert any("With 4 eval clips the interval is wide." in text for text in english(steps))
    assert not any("fearful" in text for text in english(steps))


def test_a_model_that_finds_animals_is_tried_without_a_box() -> None:
    for passed in (True, False):
        results = Results(locator={**documents.locator(), "passed": passed})
        first, *_ = next_steps(report_of(results, 0, pushed="/out/17"), results)
        assert ("--box" in first.command) is not passed
        assert ("finds the animal itself" in first.text[1]) is passed


def test_a_mood_far_below_the_mean_gets_a_step_of_its_own() -> None:
    metrics = score_documents.metrics()
    metrics["per_mood"][score_documents.FEAR]["f1"] = 0.29
    results = Results(metrics=metrics)
    steps = next_steps(report_of(results, 0, pushed="/out/17"), results)
    assert any("“fearful” has a low F1 of 0.290" in text for text in english(steps))


@pytest.mark.parametrize("name", CHECKS)
def test_each_check_that_failed_has_its_own_remedy(name: str) -> None:
    metrics = score_documents.metrics()
    check = check_named(name)
    metrics["verdict"]["checks"] = [check, {**check, "passed": True}]
    results = Results(metrics=metrics)
    first, *others = next_steps(report_of(results, 4), results)
    assert "see below" not in first.text[1]
    assert len(others) == 1 and "Nothing was pushed" in others[0].text[1]


def test_refused_data_name_the_remedy_of_each_rule_once_and_the_file() -> None:
    results = Results(validation=documents.validation(), leaks=documents.leaks())
    finding = documents.leaks()["findings"][0]
    error = {**finding, "check": "shared_clips"}
    results.leaks = {**documents.leaks(), "findings": [error, error]}  # type: ignore[list-item]
    steps = next_steps(report_of(results, 3, rejects_csv="/out/rejects.csv"), results)
    assert [step.command for step in steps] == ["", "/out/rejects.csv", ""]
    assert "Two splits share clips" in steps[0].text[1]


def test_a_wrong_setting_and_a_crash_are_told_apart() -> None:
    results = Results()
    (config,) = next_steps(report_of(results, 2), results)
    assert "Correct the setting" in config.text[1]
    crash = next_steps(report_of(results, 1, log="/out/logs/1.log"), results)
    assert [step.command for step in crash] == ["", "/out/logs/1.log"]


def test_what_is_to_be_typed_is_a_setting() -> None:
    remedies_of = [remedies.of_check(check_named(name)) for name in CHECKS]
    names = ("refused_share", "label_shift", "box_shift", "shared_clips", "usable_rows")
    remedies_of += [remedies.of_finding(name) for name in names]
    metrics = score_documents.metrics()
    steps = next_steps(
        report_of(Results(metrics=metrics), 0, pushed="/out/17"), Results(metrics=metrics)
    )
    commands = [command for _, command in remedies_of] + [step.command for step in steps]
    settings = [text for command in commands for text in re.findall(r"--set (\S+)", command)]
    assert len(settings) >= 5
    for setting in settings:
        config.load("default", None, [setting])
    # Names in the sentences too.
    told = " ".join(text for pair, _ in remedies_of for text in pair)
    groups = "|".join(config.GROUPS)
    mentioned = set(re.findall(rf"\b(?:{groups})\.[a-z_0-9]+", told))
    known = {info.name for info in config.setting_infos()}
    assert {name for name in mentioned if not name.endswith(".prepare")} <= known


def check_named(name: str) -> CheckRecord:
    return Check(name, False, 0.01, 0.05, "at_least", "message").record()


def test_a_smoke_test_leads_to_the_real_training() -> None:
    report = {**report_of(Results(), 0), "ending": "smoke_test"}
    (step,) = next_steps(report, Results())  # type: ignore[arg-type]
    assert "without --preset quick" in step.text[1]
