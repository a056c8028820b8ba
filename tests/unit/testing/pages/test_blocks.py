"""Code blocks, inline code and commands are found on a page as a reader sees them."""

from pathlib import Path

import pytest

from testing.pages import blocks
from testing.pages.blocks import Block, blocks_of, commands_of, programs_of, spans_of

TEXT = """# A page

    first --flag \\
        value
    second

A sentence with `inline code
over two lines`.

1. A list:

       docker build .

```sh
printf '%s' | curl --data @-
```

    last
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(TEXT, "utf-8")
    return tmp_path / "page.md"


def test_blocks_are_fenced_or_set_in_also_in_lists(page: Path) -> None:
    assert blocks_of(page) == [
        Block("page.md", 3, "", "first --flag \\\n    value\nsecond"),
        Block("page.md", 12, "", "docker build ."),
        Block("page.md", 15, "sh", "printf '%s' | curl --data @-"),
        Block("page.md", 18, "", "last"),
    ]


def test_a_backslash_continues_a_command(page: Path) -> None:
    assert commands_of(blocks_of(page)[0]) == ["first --flag value", "second"]


def test_inline_code_may_be_broken_and_blocks_are_none(page: Path) -> None:
    assert spans_of(page) == ["inline code over two lines"]


@pytest.mark.parametrize(
    ("line", "programs"),
    [
        ("a 'b c' && d | e > file", [["a", "b c"], ["d"], ["e"]]),
        ("A=1 B=2 a --c=d …", [["a", "--c=d"]]),
        ("for run in cold warm; do", []),
        ("done", []),
        ("a $S --more", [["a", "--server", "URL", "--more"]]),
        ('a "$(b | c)"', [["a", "$(b | c)"]]),
    ],
)
def test_a_line_starts_programs(line: str, programs: list[list[str]]) -> None:
    assert list(programs_of(line, {"S": "--server URL"})) == programs


def test_an_assignment_alone_is_remembered() -> None:
    variables: dict[str, str] = {}
    assert list(programs_of('S="--server URL"', variables)) == []
    assert variables == {"S": "--server URL"}
