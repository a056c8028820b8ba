"""Help in parts, hints for mistyped flags, completion in the shell."""

import os
import subprocess
import sys

import pytest

from schemas.version import VERSION
from system.command_line import CommandLine, filled
from testing.paths import ROOT

DOC = """Does a thing.

It does it well, and with so many words that the paragraph is longer than a line of a terminal is.

    python thing.py --colour red
"""


def parser() -> CommandLine:
    command = CommandLine(
        DOC,
        "[flags]",
        topics={"": lambda width: f"more, {width} wide\n", "colours": lambda width: "red blue\n"},
        flag_hint=lambda flag: "Say it aloud." if flag == "--loud" else "",
        prog="thing",
    )
    command.add_argument("--colour", choices=("red", "blue"))
    command.add_argument("names", nargs="*")
    return command


def ended(*arguments: str, intermixed: bool = False) -> int:
    command = parser()
    with pytest.raises(SystemExit) as caught:
        if intermixed:
            command.parse_intermixed_args(arguments)
        else:
            command.parse_args(arguments)
    return int(str(caught.value.code))


def test_help_has_the_doc_the_flags_and_the_first_topic(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert ended("--help") == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: thing [flags]\n")
    assert "    python thing.py --colour red\n" in text
    assert "--colour {red,blue}" in text
    assert text.endswith("more, 58 wide\n")
    assert max(map(len, text.splitlines())) <= 60


def test_help_on_a_topic_is_that_text_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help", "colours") == 0
    assert capsys.readouterr().out == "red blue\n"


def test_help_on_an_unknown_topic_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help", "sizes") == 2
    assert capsys.readouterr().err == "error: --help takes one of colours. Received: sizes\n"


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out == f"{VERSION}\n"
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("intermixed", [False, True])
@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--color", "There is no flag --color. Did you mean --colour?"),
        ("--colours=red", "There is no flag --colours. Did you mean --colour?"),
        ("--loud", "There is no flag --loud. Say it aloud."),
        ("--zzz", "There is no flag --zzz. See --help"),
        ("-z", "There is no flag -z. See --help"),
    ],
)
def test_a_mistyped_flag_gets_a_hint_and_no_wall_of_usage(
    flag: str, message: str, intermixed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("a", flag, intermixed=intermixed) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_a_wrong_value_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--colour", "green") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: argument --colour: invalid choice: 'green'")


def test_paragraphs_are_filled_and_commands_left_alone() -> None:
    assert filled("a b\nc\n\n    d\n    e\n\nf", 80) == "a b c\n\n    d\n    e\n\nf"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("local_runner.py --trai", {"--train-csv"}),
        ("local_runner.py --preset q", {"quick"}),
        ("local_runner.py --set train.ep", {"train.epochs="}),
        ("local_runner.py --set train.xla=o", {"train.xla=on", "train.xla=off"}),
        ("inference.py --weight", {"--weight_path"}),
    ],
)
def test_the_shell_completes_flags_presets_and_settings(typed: str, candidates: set[str]) -> None:
    script = typed.split()[0]
    program = (
        "import os, runpy, sys; os.dup2(1, 8); "
        f"sys.argv = [{script!r}]; runpy.run_path({script!r}, run_name='__main__')"
    )
    environment = {
        **os.environ,
        **{"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\v", "COMP_LINE": typed},
        **{"COMP_POINT": str(len(typed)), "_ARGCOMPLETE_COMP_WORDBREAKS": " "},
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert {one.strip() for one in done.stdout.split("\v") if one.strip()} == candidates
