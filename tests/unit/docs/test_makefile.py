"""The Makefile lists its targets, and runs the README's commands."""

import re

from testing.paths import ROOT

TEXT = (ROOT / "Makefile").read_text("utf-8")
_TARGET = re.compile(r"^([a-z-]+):(.*)$", re.MULTILINE)
_COMMAND = re.compile(r"^\t(?!@)(.+)$", re.MULTILINE)
OF_ITS_OWN = {"uv run ruff format .", "uv run ruff check --fix .", 'uv run pytest -m "not slow"'}


def test_every_target_has_a_description_and_is_no_file() -> None:
    targets = _TARGET.findall(TEXT)
    phony = re.search(r"^\.PHONY: (.+)$", TEXT, re.MULTILINE)
    assert phony is not None
    assert [name for name, _ in targets] == phony[1].split()
    assert all(re.fullmatch(r" ## \S.*", rest) for _, rest in targets)


def test_commands_are_those_of_the_readme() -> None:
    commands = {line.strip() for line in _COMMAND.findall(TEXT)}
    assert commands > OF_ITS_OWN
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [line for line in commands - OF_ITS_OWN if line not in readme] == []
