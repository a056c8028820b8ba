"""The Korean README tells the same commands, names and pages as the English one."""

import re
from pathlib import Path

import pytest

from testing.paths import ROOT

ENGLISH, KOREAN = ROOT / "README.md", ROOT / "README.ko.md"
_COMMANDS = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
_NAMES = re.compile(r"`([^`\n]+)`")
_PAGES = re.compile(r"\]\(([^)]+)\)")
_OTHER_LANGUAGE = {ENGLISH.name, KOREAN.name}


def prose(path: Path) -> str:
    """A README without its blocks of commands."""
    return _COMMANDS.sub("", _FENCED.sub("", path.read_text("utf-8")))


@pytest.mark.parametrize("blocks", [_COMMANDS, _FENCED])
def test_the_blocks_of_commands_are_the_same(blocks: re.Pattern[str]) -> None:
    english = blocks.findall(ENGLISH.read_text("utf-8"))
    assert english
    assert blocks.findall(KOREAN.read_text("utf-8")) == english


def test_the_same_names_stand_in_the_text() -> None:
    # Lines are broken elsewhere, and a name may be broken with them.
    names = [
        set(_NAMES.findall(re.sub(r"\s*\n\s*", " ", prose(path)))) for path in (ENGLISH, KOREAN)
    ]
    assert len(names[0]) > 50
    assert names[0] ^ names[1] == set()


def test_they_point_to_the_same_pages() -> None:
    pages = [set(_PAGES.findall(prose(path))) - _OTHER_LANGUAGE for path in (ENGLISH, KOREAN)]
    assert pages[0] == pages[1]
    local = {page.partition("#")[0] for page in pages[0] if "://" not in page}
    assert all((ROOT / page).exists() for page in local)
