"""The command that compares runs."""

import json
from pathlib import Path

import pytest

import compare
from schemas.exit_codes import CompareExit
from testing.models.prediction_tables import clips_of
from testing.report.compared import write_run

ROWS = [*clips_of("a", 4, 4, "b"), *clips_of("b", 4, 3, "a")]


@pytest.fixture
def runs(tmp_path: Path) -> tuple[str, str]:
    """Two runs on the same rows."""
    other = [*clips_of("a", 4, 2, "b"), *clips_of("b", 4, 3, "a")]
    first = write_run(tmp_path / "first", ROWS)
    return str(first), str(write_run(tmp_path / "second", other, epochs=3))


def test_tables_and_a_page_are_made(
    runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main([*runs, "--output", str(tmp_path / "out")]) == CompareExit.COMPARED
    printed = capsys.readouterr().out
    assert "second less first" in printed
    assert "train.epochs" in printed
    assert "Judged by the same 32 eval rows" in printed
    document = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    assert document["row_by_row"]
    html = (tmp_path / "out" / "comparison.html").read_text("utf-8")
    assert '<span lang="ko">다른 설정</span>' in html and "train.epochs" in html


def test_json_is_all_that_is_printed(
    runs: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert compare.main([*runs, "--json"]) == CompareExit.COMPARED
    assert json.loads(capfd.readouterr().out)["settings"] == {"train.epochs": [20, 3]}


def test_other_rows_have_an_exit_code_of_their_own(
    runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_run(tmp_path / "third", ROWS[:-4])
    assert compare.main([runs[0], str(other)]) == CompareExit.NOT_ROW_BY_ROW
    assert "Not comparable row by row: the eval rows differ" in capsys.readouterr().out


def test_wrong_arguments_are_told_without_a_traceback(
    runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main([runs[0]]) == CompareExit.CONFIG
    file = tmp_path / "file"
    file.touch()
    assert compare.main([*runs, "--output", str(file)]) == CompareExit.CONFIG
    errors = capsys.readouterr().err.splitlines()
    assert [line[:7] for line in errors] == ["error: ", "error: "]
