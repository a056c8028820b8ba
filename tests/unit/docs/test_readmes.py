"""The Korean pages tell the same commands, names and pages as the English ones."""

import re
from pathlib import Path

import pytest

from testing.pages.blocks import blocks_of
from testing.paths import ROOT

KOREAN = sorted([ROOT / "README.ko.md", *(ROOT / "docs").rglob("*.ko.md")])
NEEDED = (
    *("tutorial", "aihub", "operating", "from-the-scripts", "running", "inference"),
    *("install", "troubleshooting", "labelling", "gateway"),
)
_FENCED = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
_NAMES = re.compile(r"`([^`\n]+)`")
_LINKS = re.compile(r"\]\(([^)]+)\)")
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)


def english(page: Path) -> Path:
    return page.with_name(page.name.replace(".ko.md", ".md"))


def korean(page: Path) -> Path:
    return page.with_name(f"{page.stem}.ko.md")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _INDENTED.sub("", _FENCED.sub("", page.read_text("utf-8")))


def pages_of(page: Path) -> list[str]:
    """The links of a page but for those to its own counterpart."""
    others = {english(page).name, korean(page).name, page.name}
    return [link for link in _LINKS.findall(prose(page)) if link not in others]


def test_the_pages_that_a_newcomer_needs_are_there_in_korean() -> None:
    assert {f"{name}.ko.md" for name in NEEDED} <= {page.name for page in KOREAN}


@pytest.mark.parametrize("page", KOREAN, ids=named)
def test_the_blocks_of_commands_are_the_same(page: Path) -> None:
    ours, theirs = (
        [(block.language, block.text) for block in blocks_of(each)]
        for each in (page, english(page))
    )
    assert ours == theirs


@pytest.mark.parametrize("page", KOREAN, ids=named)
def test_headings_and_table_rows_are_as_many(page: Path) -> None:
    for pattern in (_HEADING, _ROW):
        ours, theirs = (pattern.findall(prose(each)) for each in (page, english(page)))
        assert len(ours) == len(theirs)
    assert _HEADING.findall(prose(page)) == _HEADING.findall(prose(english(page)))
    cells = [
        [row.count("|") for row in _ROW.findall(prose(each))] for each in (page, english(page))
    ]
    assert cells[0] == cells[1]


@pytest.mark.parametrize("page", KOREAN, ids=named)
def test_the_same_names_stand_in_the_text(page: Path) -> None:
    # Lines are broken elsewhere, and a name may be broken with them.
    names = [
        set(_NAMES.findall(re.sub(r"\s*\n\s*", " ", prose(each)))) for each in (page, english(page))
    ]
    assert names[0] ^ names[1] == set()


@pytest.mark.parametrize("page", KOREAN, ids=named)
def test_they_point_to_the_same_pages_and_to_korean_ones_where_there_are(page: Path) -> None:
    links = pages_of(page)
    assert {link.replace(".ko.md", ".md") for link in links} == set(pages_of(english(page)))
    for link in links:
        target = page.parent / link.partition("#")[0]
        if "://" not in link and target.suffix == ".md" and not target.name.endswith(".ko.md"):
            assert not korean(target).exists(), link


@pytest.mark.parametrize("page", KOREAN, ids=named)
def test_each_leads_to_its_counterpart(page: Path) -> None:
    assert f"[English]({english(page).name})" in page.read_text("utf-8")
    assert f"[한국어]({page.name})" in english(page).read_text("utf-8")
