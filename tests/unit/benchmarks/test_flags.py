"""Tests that all benchmarks share the definition of a flag, and that README.md knows the flags."""

import ast
import re
from collections import Counter

import pytest

from benchmarks import flags
from testing.paths import ROOT

FOLDER = ROOT / "benchmarks"
README = (FOLDER / "README.md").read_text("utf-8")
HIDDEN = {"--measure"}
"""Flags with which a benchmark starts itself."""
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def defined_flags() -> Counter[str]:
    """Returns the flags that the benchmarks define, and in how many places."""
    arguments = [
        argument.value
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant)
    ]
    return Counter(name for name in arguments if FLAG.fullmatch(str(name)))


def test_each_flag_is_defined_once() -> None:
    assert {name for name, count in defined_flags().items() if count > 1} == set()


def test_the_readme_names_every_flag() -> None:
    assert set(defined_flags()) - HIDDEN - set(FLAG.findall(README)) == set()


def test_commands_in_the_readme_and_in_docstrings_have_flags_that_exist() -> None:
    known = {*defined_flags(), "--set", "--help"}
    # Flags of uv, inference.py and dataset.prepare.
    others = {"--extra", "--no-project", "--python", "--with", "--check-images", "--csv"}
    texts = [README, *(file.read_text("utf-8") for file in FOLDER.glob("*.py"))]
    commands = [
        line for text in texts for line in re.findall(r"benchmarks\.\w+ [^\n]*|`\w+ --[^`]*`", text)
    ]
    assert len(commands) > 10
    assert {flag for line in commands for flag in FLAG.findall(line)} <= known | others


def test_several_default_sizes_make_a_flag_of_several_values() -> None:
    parser = flags.parser("Measures.")
    flags.add_rows(parser, [10, 20])
    assert parser.parse_args([]).rows == [10, 20]
    assert parser.parse_args(["--rows", "5"]).rows == [5]


def test_one_default_size_makes_a_flag_of_one_value() -> None:
    parser = flags.parser("Measures.")
    flags.add_rows(parser, 10)
    assert parser.parse_args([]).rows == 10
    assert parser.parse_args(["--rows", "5"]).rows == 5


def test_the_help_has_the_docstring_and_each_default(capsys: pytest.CaptureFixture[str]) -> None:
    parser = flags.parser("Measures.\n\n    two  spaces")
    flags.add_rows(parser, [10, 20])
    flags.add_rounds(parser, default=3)
    flags.add_workers(parser)
    flags.add_torch(parser)
    flags.add_mode(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    text = capsys.readouterr().out
    assert "    two  spaces" in text
    for default in ("10 20", "3", "2", "training"):
        assert f"(default: {default})" in " ".join(text.split())
